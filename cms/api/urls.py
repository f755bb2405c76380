"""Addresses below /api/v1/."""

from django.urls import include, path, register_converter
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from cms.api import alerts, content, feed, searches


class Sha256Converter:
    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Sha256Converter, "sha256")

router = SimpleRouter(use_regex_path=False)
router.register("documents", content.DocumentViewSet, basename="document")
router.register("news", content.NewsViewSet, basename="news")
router.register("guidance", content.GuidanceViewSet, basename="guidance")
router.register("units", content.UnitViewSet, basename="unit")

app_name = "api"
urlpatterns = [
    path("changes/", feed.ChangesView.as_view(), name="changes"),
    path("files/<sha256:sha256>/", feed.FileView.as_view(), name="file"),
    path("preview/", feed.PreviewView.as_view(), name="preview"),
    path("publisher-state/", feed.PublisherStateView.as_view(), name="publisher-state"),
    path("alerts/", alerts.AlertsView.as_view(), name="alerts"),
    path("alerts/confirmations/", alerts.AlertConfirmationView.as_view(), name="alert-confirmations"),
    path("alerts/cancellations/", alerts.AlertCancellationView.as_view(), name="alert-cancellations"),
    path("search-counts/", searches.SearchCountsView.as_view(), name="search-counts"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("", include(router.urls)),
]

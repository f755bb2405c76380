"""Addresses of the CMS. No reader's page is served here, and no file without asking who wants it."""

from django.urls import include, path
from django.views.generic import RedirectView
from wagtail.admin import urls as wagtailadmin_urls

from cms.api.health import healthz
from cms.content.file_views import serve_document, serve_media

urlpatterns = [
    path("admin/", include(wagtailadmin_urls)),
    path("api/v1/", include("cms.api.urls")),
    path("healthz", healthz, name="healthz"),
    path("documents/<int:document_id>/<path:document_filename>", serve_document, name="wagtaildocs_serve"),
    path("media/<path:name>", serve_media, name="media"),
    path("", RedirectView.as_view(url="/admin/")),
]

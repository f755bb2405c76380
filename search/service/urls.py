"""Addresses of the search service; what none of them takes is a page or file of the release."""

from django.urls import path, re_path

from search.service import alerts, clicks, completions, feeds, news, views

urlpatterns = [
    path("api/search/", views.SearchApi.as_view(), name="search-api"),
    path("api/search/completions/", completions.CompletionsApi.as_view(), name="search-completions"),
    path("api/search/clicks/", clicks.Clicks.as_view(), name="search-clicks"),
    path("tim-kiem/atom/", feeds.SearchFeed.as_view(), name="search-feed"),
    path("tim-kiem/", views.SearchPage.as_view(), name="search-page"),
    path("api/search/new/", news.News.as_view(), name="search-new"),
    path("tim-kiem/theo-doi/", alerts.AskPage.as_view(), name="alert-ask"),
    path("tim-kiem/theo-doi/xac-nhan/", alerts.ConfirmPage.as_view(), name="alert-confirm"),
    path("tim-kiem/theo-doi/thoi/", alerts.CancelPage.as_view(), name="alert-cancel"),
    path("healthz", views.health, name="health"),
    re_path(r"^tep/(?P<name>.+)$", views.released_file, name="released-file"),
    re_path(r"^(?P<path>.*)$", views.released_page, name="released-page"),
]

handler400 = views.bad_request
handler404 = views.not_found
handler500 = views.server_error

"""Pages of the searching app inside the admin."""

from django.urls import path

from cms.searching import views

app_name = "searching"
urlpatterns = [path("", views.report, name="report")]

"""Pages of the editorial app inside the admin."""

from django.urls import path

from cms.editorial import views

app_name = "editorial"
urlpatterns = [
    path("review/<int:task_state_id>/", views.review, name="review"),
    path("withdraw/<int:page_id>/", views.withdraw_page, name="withdraw"),
]

"""Addresses of the campaign pages."""

from django.urls import path

from posthouse.campaigns import pages, preview_pages, progress_pages, writing_pages

account_urlpatterns = [
    path("campaigns/", pages.listing, name="list"),
    path("campaigns/new/", writing_pages.create, name="create"),
    path("campaigns/check/", writing_pages.check, name="check"),
    path("campaigns/<str:campaign>/", progress_pages.show, name="show"),
    path("campaigns/<str:campaign>/standing/", progress_pages.standing, name="standing"),
    path("campaigns/<str:campaign>/edit/", writing_pages.edit, name="edit"),
    path("campaigns/<str:campaign>/preview/", preview_pages.preview, name="preview"),
    path("campaigns/<str:campaign>/preview/html/", preview_pages.preview_html, name="html"),
    path("campaigns/<str:campaign>/test/", preview_pages.test, name="test"),
    path("campaigns/<str:campaign>/tests/", preview_pages.tests, name="tests"),
    path("campaigns/<str:campaign>/send/", pages.send, name="send"),
    path("campaigns/<str:campaign>/pause/", pages.pause, name="pause"),
    path("campaigns/<str:campaign>/resume/", pages.resume, name="resume"),
    path("campaigns/<str:campaign>/cancel/", pages.cancel, name="cancel"),
    path("campaigns/<str:campaign>/delete/", pages.delete, name="delete"),
    path("campaigns/<str:campaign>/duplicate/", pages.duplicate, name="duplicate"),
    path("campaigns/<str:campaign>/deliveries/", progress_pages.deliveries, name="deliveries"),
    path(
        "campaigns/<str:campaign>/deliveries/<str:delivery>/",
        progress_pages.delivery,
        name="delivery",
    ),
]

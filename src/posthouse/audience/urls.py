"""Addresses of the audience pages, all in the account area."""

from django.urls import path

from posthouse.audience import import_pages, pages, people_pages

app_name = "audience"

_LIST = "lists/<str:list>/"
_IMPORT = "imports/<str:import_id>/"

account_urlpatterns = [
    path("lists/", pages.lists, name="lists"),
    path("lists/new/", pages.new_list, name="new-list"),
    path(_LIST, pages.one_list, name="list"),
    path(f"{_LIST}edit/", pages.edit_list, name="edit-list"),
    path(f"{_LIST}delete/", pages.delete_list, name="delete-list"),
    path(f"{_LIST}add/", people_pages.add, name="add"),
    path(f"{_LIST}subscribers/<str:subscriber>/remove/", people_pages.remove, name="remove"),
    path("subscribers/", people_pages.subscribers, name="subscribers"),
    path("subscribers/<str:subscriber>/", people_pages.person, name="subscriber"),
    path("subscribers/<str:subscriber>/delete/", people_pages.delete, name="delete-subscriber"),
    path("fields/", pages.fields, name="fields"),
    path("fields/<str:custom_field>/", pages.edit_field, name="field"),
    path("fields/<str:custom_field>/delete/", pages.delete_field, name="delete-field"),
    path("suppressions/", people_pages.suppressions, name="suppressions"),
    path("suppressions/<str:suppression>/lift/", people_pages.lift, name="lift"),
    path("imports/", import_pages.imports_list, name="imports"),
    path("imports/new/", import_pages.upload, name="new-import"),
    path(_IMPORT, import_pages.one_import, name="import"),
    path(f"{_IMPORT}progress/", import_pages.progress, name="import-progress"),
    path(f"{_IMPORT}rejected/", import_pages.rejected, name="rejected"),
    path(f"{_IMPORT}remove/", import_pages.remove, name="remove-import"),
]

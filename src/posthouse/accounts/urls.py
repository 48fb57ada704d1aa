"""Addresses of the settings in the account area, and of groups, accounts and people."""

from django.urls import path

from posthouse.accounts import admin, admin_people, admin_standing, pages

app_name = "accounts"

account_urlpatterns = [
    path("settings/", pages.general, name="general"),
    path("settings/profile/", pages.profile, name="profile"),
    path("settings/team/", pages.team, name="team"),
    path("settings/team/<str:member>/", pages.member, name="member"),
    path("settings/team/<str:member>/remove/", pages.remove_member, name="remove-member"),
    path("settings/api-keys/", pages.api_keys, name="api-keys"),
    path("settings/api-keys/<str:key>/revoke/", pages.revoke_key, name="revoke-key"),
]
operator_urlpatterns = [
    path("groups/", admin.groups, name="groups"),
    path("groups/new/", admin.new_group, name="new-group"),
    path("groups/<str:group>/", admin.group, name="group"),
    path("groups/<str:group>/duplicate/", admin.duplicate_group, name="duplicate-group"),
    path("groups/<str:group>/delete/", admin.delete_group, name="delete-group"),
    path("accounts/", admin.accounts, name="accounts"),
    path("accounts/new/", admin.new_account, name="new-account"),
    path("accounts/<str:account>/", admin.account, name="account"),
    path("accounts/<str:account>/suspend/", admin_standing.suspend, name="suspend"),
    path("accounts/<str:account>/disable/", admin_standing.disable, name="disable"),
    path("accounts/<str:account>/activate/", admin_standing.activate, name="activate"),
    path("people/", admin_people.listing, name="people"),
    path("people/new/", admin_people.new_person, name="new-person"),
    path("people/<str:person>/", admin_people.person, name="person"),
    path("people/<str:person>/link/", admin_people.link, name="link"),
    path("log/", admin_people.log, name="log"),
]

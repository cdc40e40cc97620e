"""People: whoever may change them does not become more than he is by it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", "root@example.com", "password")


def change(client, person: User, **more):
    data = {"username": person.username, "email": "", "first_name": "", "last_name": "", "is_active": "on",
            "is_staff": "on", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", **more}  # fmt: skip
    return client.post(f"/admin/auth/user/{person.pk}/change/", data)


def test_an_administrator_makes_nobody_a_superuser(client, administrator):
    client.force_login(administrator)
    every = [str(one) for one in Permission.objects.values_list("pk", flat=True)]
    group = Group.objects.get(name="Administrators").pk
    answer = change(client, administrator, is_superuser="on", user_permissions=every, groups=[str(group)])
    assert answer.status_code == 302
    administrator.refresh_from_db()
    assert not administrator.is_superuser
    assert not administrator.user_permissions.exists()


@pytest.mark.parametrize("path", ["change/", "password/", "delete/"])
def test_nor_touches_one(client, administrator, root, path):
    client.force_login(administrator)
    new = {"password1": "Sesame-1234", "password2": "Sesame-1234", "usable_password": "true", "post": "yes"}
    assert client.post(f"/admin/auth/user/{root.pk}/{path}", new).status_code == 403
    root.refresh_from_db()
    assert root.check_password("password")


def test_not_by_the_action_on_the_list_either(client, administrator, root):
    client.force_login(administrator)
    chosen = {"action": "delete_selected", "_selected_action": [str(root.pk)], "post": "yes"}
    client.post("/admin/auth/user/", chosen)
    assert User.objects.filter(pk=root.pk).exists()


def test_a_superuser_may(client, root, administrator):
    client.force_login(root)
    assert change(client, administrator, is_superuser="on").status_code == 302
    administrator.refresh_from_db()
    assert administrator.is_superuser

from typing import Any

from apiflask import APIBlueprint
from flask import Response

from server_app.accounts import passwords
from server_app.accounts.principal import Principal
from server_app.api_base.auth import client_address, login_required, login_token, session_required
from server_app.api_base.body import receives
from server_app.api_base.described import refuses
from server_app.context import context
from server_app.db import now
from server_app.directory import service as directory
from server_app.users import rules, service
from server_app.users.schemas import NewUser, OwnChange, UserChange, UserItem, UserList, user_item


def make_blueprint() -> APIBlueprint:
    """`/api/users`: who may log in, and as what. Writes need a session: no API token makes or changes users."""
    blueprint = APIBlueprint("users", __name__, url_prefix="/api/users")

    @blueprint.get("")
    @blueprint.output(UserList)
    @login_required
    def list_users(principal: Principal) -> UserList:
        """List all users; for administrators."""
        with context().database.reading() as session:
            return UserList(items=[user_item(user) for user in service.list_users(session, principal)])

    @blueprint.post("")
    @blueprint.output(UserItem, status_code=201)
    @session_required
    @receives(NewUser)
    def create_user(body: NewUser, principal: Principal) -> UserItem:
        """Add a user."""
        principal.require_admin()
        rules.refuse_weak(body.password, body.name, body.email)
        hashed = passwords.hashed(body.password)
        with context().database.writing() as session:
            return user_item(service.create_user(session, principal, body.model_dump(), hashed, now()))

    @blueprint.get("/<int:user_id>")
    @blueprint.output(UserItem)
    @login_required
    def get_user(user_id: int, principal: Principal) -> UserItem:
        """One user; for administrators."""
        with context().database.reading() as session:
            return user_item(service.get_user(session, principal, user_id))

    @blueprint.patch("/<int:user_id>")
    @blueprint.output(UserItem)
    @refuses(429, 503)
    @session_required
    @receives(UserChange)
    def update_user(user_id: int, body: UserChange, principal: Principal) -> UserItem:
        """Change a user; a new password or role, or disabling, ends their sessions and tokens."""
        principal.require_admin()
        values = body.model_dump(exclude_unset=True)
        hashed = _confirmed(principal, user_id, values)
        with context().database.writing() as session:
            return user_item(service.update_user(session, principal, user_id, values, hashed))

    @blueprint.delete("/<int:user_id>")
    @blueprint.output({}, status_code=204)
    @session_required
    def delete_user(user_id: int, principal: Principal) -> Response:
        """Remove a user with their sessions and tokens."""
        with context().database.writing() as session:
            service.delete_user(session, principal, user_id)
        return Response(status=204)

    @blueprint.get("/me")
    @blueprint.output(UserItem)
    @login_required
    def get_self(principal: Principal) -> UserItem:
        """The logged-in user."""
        with context().database.reading() as session:
            return user_item(service.own_user(session, principal.user_id))

    @blueprint.patch("/me")
    @blueprint.output(UserItem)
    @refuses(429, 503)
    @session_required
    @receives(OwnChange)
    def update_self(body: OwnChange, principal: Principal) -> UserItem:
        """Change oneself; a new password ends all other sessions and all tokens."""
        values = body.model_dump(exclude_unset=True)
        hashed = _confirmed(principal, principal.user_id, values)
        with context().database.writing() as session:
            return user_item(service.update_self(session, principal, values, hashed, login_token()))

    return blueprint


def _confirmed(who: Principal, user_id: int, values: dict[str, Any]) -> str | None:
    """The hash of a new password if there is one, once the acting user has confirmed the change where it needs that."""
    given = values.pop("current_password", "")
    if rules.needs_password(who, user_id, values):
        directory.confirm(context().database, who.user_id, given, client_address(), now())
    return passwords.hashed(values["password"]) if "password" in values else None

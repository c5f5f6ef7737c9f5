from apiflask import APIBlueprint
from flask import Response

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried, receives
from server_app.contacts import service
from server_app.contacts.schemas import (
    ContactChange,
    ContactFilter,
    ContactItem,
    ContactList,
    NewContact,
    contact_item,
)
from server_app.context import context
from server_app.db import now


def make_blueprint() -> APIBlueprint:
    """`/api/contacts`: whom a division wants told of events and of trouble with its sensors."""
    blueprint = APIBlueprint("contacts", __name__, url_prefix="/api/contacts")

    @blueprint.get("")
    @blueprint.output(ContactList)
    @login_required
    @queried(ContactFilter)
    def list_contacts(query: ContactFilter, principal: Principal) -> ContactList:
        """List the contacts of the divisions the user sees."""
        with context().database.reading() as session:
            found = service.list_contacts(session, principal, query.division)
            return ContactList(items=[contact_item(contact) for contact in found])

    @blueprint.post("")
    @blueprint.output(ContactItem, status_code=201)
    @login_required
    @receives(NewContact)
    def create_contact(body: NewContact, principal: Principal) -> ContactItem:
        """Add a contact to a division."""
        with context().database.writing() as session:
            return contact_item(service.create_contact(session, principal, body.model_dump(), now()))

    @blueprint.get("/<int:contact_id>")
    @blueprint.output(ContactItem)
    @login_required
    def get_contact(contact_id: int, principal: Principal) -> ContactItem:
        """One contact."""
        with context().database.reading() as session:
            return contact_item(service.get_contact(session, principal, contact_id))

    @blueprint.patch("/<int:contact_id>")
    @blueprint.output(ContactItem)
    @login_required
    @receives(ContactChange)
    def update_contact(contact_id: int, body: ContactChange, principal: Principal) -> ContactItem:
        """Change what a contact is told of."""
        with context().database.writing() as session:
            values = body.model_dump(exclude_unset=True)
            return contact_item(service.update_contact(session, principal, contact_id, values))

    @blueprint.delete("/<int:contact_id>")
    @blueprint.output({}, status_code=204)
    @login_required
    def delete_contact(contact_id: int, principal: Principal) -> Response:
        """Remove a contact."""
        with context().database.writing() as session:
            service.delete_contact(session, principal, contact_id)
        return Response(status=204)

    return blueprint

"""The table: every operation of the OpenAPI document in one line.

`{names}` in paths and bodies are filled in by `access_world.World`: each call is made for a thing of the own division
and for one of another division. The body is one that succeeds where the caller may do it.
"""

from dataclasses import dataclass, field
from typing import Any

from access_policies import ADMIN, CREATE, EVERYBODY, OK, READ, SENSOR, USERS, WRITE, Policy


@dataclass(frozen=True)
class Row:
    """An operation as the document spells it below /api, who may do it, and a body (JSON, or bytes as they are)."""

    operation: str
    policy: Policy
    body: Any = None
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)


OWN_TASK = Policy((401, 401), (404, 404), (OK, 404), (OK, OK), (401, 401))
"""A task is shown to those who started it, here the manager, and to administrators."""

ONLY_ADMIN_SEES = Policy((401, 401), (404, 404), (404, 404), (OK, OK), (401, 401))
"""What administrators have started, for nobody else to know of."""
OWN_TOKEN = Policy((401, 401), (404, 404), (OK, 404), (404, OK), (401, 401))
"""A token is revoked by its user: here the manager, and on the other side the administrator."""
SHARED = Policy((401, 401), (403, 404), (403, 404), (OK, OK), (401, 401))
"""Seen by those who belong to it, changed by administrators."""

MATRIX = Policy((401, 401), (403, 403), (OK, 400), (OK, OK), (401, 401))
"""Sensors are named in the body: one that the caller does not know is a mistake in it."""

ROWS = [
    # System
    Row("GET /system/identify", EVERYBODY),
    # Sessions
    Row("POST /sessions", EVERYBODY, {"username": "manager", "password": "{password}"}),
    Row("GET /sessions", USERS),
    Row("DELETE /sessions", USERS),
    Row("GET /sessions/all", USERS),
    Row("DELETE /sessions/all", USERS),
    # Users and their tokens
    Row("GET /users", ADMIN),
    Row("POST /users", ADMIN, {"name": "new", "password": "{password}", "role": "observer"}),
    Row("GET /users/{user_id}", ADMIN),
    Row("PATCH /users/{user_id}", ADMIN, {"full_name": "Somebody else"}),
    Row("DELETE /users/{user_id}", ADMIN),
    Row("GET /users/me", USERS),
    Row("PATCH /users/me", USERS, {"full_name": "Somebody else"}),
    Row("GET /users/me/tokens", USERS),
    Row("POST /users/me/tokens", USERS, {"name": "new", "scope": "read", "expires_at": "{expires_at}"}),
    Row("DELETE /users/me/tokens/{token_id}", OWN_TOKEN),
    Row("GET /users/{user_id}/tokens", ADMIN),
    Row("DELETE /users/{user_id}/tokens/{token_id}", ADMIN.but(admin=(404, 404))),  # they are other users'
    # Divisions and their contacts
    Row("GET /divisions", USERS),
    Row("POST /divisions", ADMIN, {"name": "new"}),
    Row("GET /divisions/{division_id}", READ),
    Row("PATCH /divisions/{division_id}", SHARED, {"name": "renamed"}),
    Row("DELETE /divisions/{division_id}", SHARED.but(admin=(409, 409))),  # there are sensors in them
    Row("GET /contacts", USERS),
    Row("POST /contacts", CREATE, {"division": "{division_id}", "email": "{email}"}),
    Row("GET /contacts/{contact_id}", READ),
    Row("PATCH /contacts/{contact_id}", WRITE, {"all_events": True}),
    Row("DELETE /contacts/{contact_id}", WRITE),
    # Settings
    Row("GET /settings", ADMIN),
    Row("PATCH /settings/certificates", ADMIN, {"overlap_days": 3}),
    Row("PATCH /settings/sensors", ADMIN, {"poll_interval": 5}),
    Row("PATCH /settings/ldap", ADMIN, {"user_base": "dc=example,dc=com"}),
    Row("PATCH /settings/oidc", ADMIN, {"client_id": "honeysens"}),
    Row("PATCH /settings/audit", ADMIN, {"keep_days": 30}),
    Row("PATCH /settings/events", ADMIN, {"max_events": 1000000}),
    Row("PATCH /settings/forwarding", ADMIN, {"host": "siem.example.com"}),
    # Audit log
    Row("GET /audit", ADMIN),
    # Sensors
    Row("GET /sensors", USERS),
    Row("POST /sensors", CREATE, {"name": "new", "division": "{division_id}"}),
    Row("GET /sensors/{sensor_id}", READ),
    Row("PATCH /sensors/{sensor_id}", WRITE, {"location": "cellar"}),
    Row("DELETE /sensors/{sensor_id}", WRITE),
    Row("GET /sensors/status/by-sensor/{sensor_id}", READ),
    Row("GET /sensors/{sensor_id}/status-history", READ),
    # Enrolment and polling
    Row("POST /sensors/{sensor_id}/config", WRITE),
    Row("POST /sensors/enrol", EVERYBODY, {"token": "{token}", "csr": "{csr}"}),
    Row("POST /sensors/certificate", EVERYBODY, "{renewal}"),
    Row("POST /sensors/status", SENSOR, "{report}"),
    # Assignments
    Row("GET /assignments", USERS),
    Row("PATCH /assignments", MATRIX, {"changes": [{"sensor": "{sensor_id}", "service": "cowrie", "assigned": False}]}),
    Row("GET /sensors/{sensor_id}/services", READ),
    Row("PUT /sensors/{sensor_id}/services/{service_name}", WRITE, {"revision": "1.0.0"}),
    Row("DELETE /sensors/{sensor_id}/services/{service_name}", WRITE),
    # Services
    Row("GET /services", USERS),
    Row("POST /services", ADMIN, b"an archive that the worker will refuse"),
    Row("GET /services/registry", USERS),
    Row("GET /services/{name}", USERS),
    Row("PATCH /services/{name}", ADMIN, {"default_revision": "2.0.0"}),
    Row("DELETE /services/{name}", ADMIN),
    Row("DELETE /services/{name}/revisions/{revision}", ADMIN),
    # Events
    Row("GET /events", USERS),
    Row("POST /events", SENSOR, {"events": []}),
    Row("GET /events/export", USERS),
    Row("GET /events/{event_id}", READ),
    Row("GET /events/sessions", USERS),
    Row("GET /events/sessions/export", USERS, query="?format=ndjson"),
    Row("GET /events/sessions/{session_id}", READ),
    Row("PATCH /events/sessions/{session_id}", WRITE, {"status": "resolved"}),
    Row("DELETE /events/sessions/{session_id}", WRITE),
    Row("POST /events/sessions/mass", WRITE, {"ids": ["{session_id}"], "change": {"status": "ignored"}}),
    # Event filters
    Row("GET /eventfilters", USERS),
    Row("POST /eventfilters", CREATE, {"name": "new", "division": "{division_id}", "conditions": {"ports": [9]}}),
    Row("POST /eventfilters/test", USERS, {"conditions": {"ports": [9]}, "division": "{division_id}"}),
    Row("GET /eventfilters/{filter_id}", READ),
    Row("PATCH /eventfilters/{filter_id}", WRITE, {"name": "renamed"}),
    Row("DELETE /eventfilters/{filter_id}", WRITE),
    Row("POST /eventfilters/{filter_id}/test", READ),
    # Forwarding
    Row("GET /forwarding", ADMIN),
    Row("POST /forwarding/test", ADMIN.but(admin=(409, 409))),  # no receiver is named
    # Statistics
    Row("GET /stats", USERS),
    # Certificates
    Row("GET /certs", USERS),
    Row("GET /certs/{certificate_id}", READ),
    Row("POST /certs/{certificate_id}/revoke", WRITE),
    Row("POST /certs/revoke", WRITE, query="?sensor={sensor_id}"),
    Row("POST /certs/authority", ADMIN),
    Row("POST /certs/authority/{authority_id}/end", ADMIN),
    Row("PUT /certs/server", ADMIN, "{own_certificate}"),
    Row("DELETE /certs/server", ADMIN),
    Row("GET /certs/authorities", EVERYBODY),
    Row("GET /certs/crl", EVERYBODY),
    # Platforms
    Row("GET /platforms", USERS),
    Row("GET /platforms/{platform}", USERS),
    Row("PATCH /platforms/{platform}", ADMIN, {"default_firmware": "2.0.0"}),
    Row("GET /platforms/{platform}/firmware/{revision}", USERS.but(sensor=(OK, OK))),
    Row("DELETE /platforms/{platform}/firmware/{revision}", ADMIN),
    # Uploads
    Row("GET /uploads", USERS),
    Row("POST /uploads", ADMIN, {"size": 1, "sha256": "0" * 64, "purpose": "service"}),
    Row("GET /uploads/{upload_id}", ONLY_ADMIN_SEES),
    Row("PATCH /uploads/{upload_id}", ONLY_ADMIN_SEES, b"x", headers={"Upload-Offset": "0"}),
    Row("DELETE /uploads/{upload_id}", ONLY_ADMIN_SEES),
    # Tasks
    Row("GET /tasks", USERS),
    Row("GET /tasks/{task_id}", OWN_TASK),
    Row("POST /tasks/{task_id}/cancel", OWN_TASK),
]

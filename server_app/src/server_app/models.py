"""All tables in one place, so that migrations see every one of them."""

from server_app.accounts.models import LoginFailures, LoginPlace, LoginSession, Role, User, user_divisions
from server_app.assignments.models import ServiceAssignment
from server_app.audit.models import AuditEntry
from server_app.contacts.models import Contact
from server_app.counting.models import CountedUpTo, EventTotal
from server_app.db import Base
from server_app.directory.models import OidcAttempt
from server_app.divisions.models import Division
from server_app.enrolment.models import EnrolmentToken
from server_app.event_filters.models import EventFilter, EventFilterHits
from server_app.events.models import Event, EventSession
from server_app.forwarding.models import ForwardingPosition
from server_app.idempotency.models import IdempotencyKey
from server_app.pki.models import AuthorityCertificate, Certificate, SensorCertificate, ServerCertificate
from server_app.platforms.models import Firmware
from server_app.polling.models import DesiredVersion
from server_app.preferences.models import Preference
from server_app.sensors.models import Sensor, SensorStatus, StatusChange
from server_app.services.models import Service, ServiceRevision
from server_app.tasks.models import Task, TaskState
from server_app.tokens.models import ApiToken, api_token_divisions
from server_app.uploads.models import Upload

__all__ = [
    "ApiToken",
    "AuditEntry",
    "AuthorityCertificate",
    "Base",
    "Certificate",
    "Contact",
    "CountedUpTo",
    "DesiredVersion",
    "Division",
    "EnrolmentToken",
    "Event",
    "EventFilter",
    "EventFilterHits",
    "EventSession",
    "EventTotal",
    "Firmware",
    "ForwardingPosition",
    "IdempotencyKey",
    "LoginFailures",
    "LoginPlace",
    "LoginSession",
    "OidcAttempt",
    "Preference",
    "Role",
    "Sensor",
    "SensorCertificate",
    "SensorStatus",
    "ServerCertificate",
    "Service",
    "ServiceAssignment",
    "ServiceRevision",
    "StatusChange",
    "Task",
    "TaskState",
    "Upload",
    "User",
    "api_token_divisions",
    "user_divisions",
]

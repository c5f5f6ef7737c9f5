"""All sections of the system-wide settings; a feature adds its own here."""

from server_app.audit.preferences import AuditSection
from server_app.directory.oidc_preferences import OidcSection
from server_app.directory.preferences import LdapSection
from server_app.events.preferences import EventSection
from server_app.forwarding.preferences import ForwardingSection
from server_app.pki.preferences import CertificateSection
from server_app.preferences.section import Section
from server_app.sensors.preferences import SensorSection

SECTIONS: tuple[type[Section], ...] = (
    SensorSection,
    CertificateSection,
    LdapSection,
    AuditSection,
    OidcSection,
    EventSection,
    ForwardingSection,
)

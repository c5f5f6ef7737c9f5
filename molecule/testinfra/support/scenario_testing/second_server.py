"""The server of the scenario `server`, as its inventory has it."""

from pathlib import Path

ADDRESS, PORT = "10.213.8.1", 9443
URL = f"https://{ADDRESS}:{PORT}"
CA = "/etc/honeysens/molecule-server-ca.crt"
PASSWORD_FILE = Path("/etc/honeysens/molecule-server/admin_password")
NAME = "server.example.com"
"""Its certificate is for this one, too."""

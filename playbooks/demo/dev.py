"""`make dev`: the server without containers, on SQLite in `.cache/dev`, restarting when its source changes.

There is no proxy (so no sensors) and no registry (so no uploads); everything else is the real server.
"""

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.serving import is_running_from_reloader, run_simple

from server_app import log
from server_app.app import create_app
from server_app.initialise import initialise
from server_app.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".cache" / "dev"
PASSWORD_FILE = FOLDER / "admin_password"
ADDRESS, PORT = "127.0.0.1", 8443


def prepare() -> None:
    """Make folders and password, and fetch the front-end packages, where they are missing."""
    for name in ("data", "ca", "tls", "assets"):
        (FOLDER / name).mkdir(parents=True, exist_ok=True)
    if not PASSWORD_FILE.exists():
        PASSWORD_FILE.touch(mode=0o600)
        PASSWORD_FILE.write_text(secrets.token_urlsafe(12), encoding="utf-8")
    frontend = FOLDER / "frontend"
    if not (frontend / "node_modules").exists():
        if shutil.which("npm") is None:
            sys.exit("npm is missing: install it (Debian: apt-get install npm) and try again.")
        shutil.copytree(ROOT / "server_app" / "frontend", frontend, dirs_exist_ok=True)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=frontend, check=True)  # noqa: S607 - the machine's own
    shutil.copyfile(frontend / "node_modules/htmx.org/dist/htmx.min.js", FOLDER / "assets" / "htmx.min.js")


def environment() -> dict[str, str]:
    """The server's configuration."""
    return {
        "HS_DATA_DIR": str(FOLDER / "data"),
        "HS_CA_DIR": str(FOLDER / "ca"),
        "HS_TLS_DIR": str(FOLDER / "tls"),
        "HS_PUBLIC_URL": f"https://{ADDRESS}:{PORT}",
        "HS_SERVER_NAMES": f"{ADDRESS},localhost",
        "HS_ADMIN_PASSWORD_FILE": str(PASSWORD_FILE),
        "HS_LOG_LEVEL": "info",
    }


def main() -> None:
    """Prepare once, then serve with a worker beside, until interrupted."""
    os.environ.update(environment())
    settings = Settings()
    if is_running_from_reloader():
        log.configure(settings.log_level)
        _serve(settings)
        return
    prepare()
    initialise(settings)
    password = PASSWORD_FILE.read_text(encoding="utf-8")
    print(f"\n  https://{ADDRESS}:{PORT}   user admin, password {password}\n", flush=True)  # noqa: T201 - for the developer
    with subprocess.Popen([Path(sys.executable).parent / "server-app", "worker"]) as worker:  # noqa: S603 - our own
        try:
            _serve(settings)
        finally:
            worker.terminate()


def _serve(settings: Settings) -> None:
    app = create_app(settings)
    # Front-end packages stay out of the source tree, which is what images are made of.
    served = SharedDataMiddleware(app, {"/assets/vendor": str(FOLDER / "assets")})
    certificate = (str(settings.tls_dir / "server.crt"), str(settings.tls_dir / "server.key"))
    run_simple(ADDRESS, PORT, served, use_reloader=True, threaded=True, ssl_context=certificate)


if __name__ == "__main__":
    main()

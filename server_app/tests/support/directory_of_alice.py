"""A directory with alice, who is in two groups, and a server that asks it."""

from typing import Any

from server_bench import Bench, Person
from slapd_process import BIND_DN, BIND_PASSWORD, SUFFIX, Slapd

SECRET = "alice's secret (in the directory)"


class Directory:
    """A directory with alice, who is in two groups, and a server that asks it."""

    def __init__(self, bench: Bench, running: Slapd) -> None:
        self.bench, self.slapd = bench, running
        self.berlin = bench.division("Berlin")
        self.alice = running.person("alice", SECRET)
        self.staff = running.group("staff", self.alice)
        self.admins = running.group("admins", f"uid=nobody,{SUFFIX}")
        self.settings(
            enabled=True,
            url=running.ldaps,
            ca=running.ca,
            bind_dn=BIND_DN,
            bind_password=BIND_PASSWORD,
            user_base=f"ou=people,{SUFFIX}",
            group_base=f"ou=groups,{SUFFIX}",
            roles=[{"group": self.staff, "role": "manager"}, {"group": self.admins, "role": "admin"}],
            divisions=[{"group": self.staff, "division": self.berlin}],
        )

    def settings(self, **values: Any) -> None:
        self.bench.admin.ok("PATCH", "/settings/ldap", json=values)

    def log_in(self, name: str, password: str) -> tuple[int, Person]:
        person = Person(self.bench.app.test_client())
        answer = person.call("POST", "/sessions", json={"username": name, "password": password})
        person.csrf_token = (answer.json or {}).get("csrf_token", "")
        return answer.status_code, person

    def status(self, name: str, password: str) -> int:
        return self.log_in(name, password)[0]

    def users(self) -> dict[str, Any]:
        return {user["name"]: user for user in self.bench.admin.ok("GET", "/users")["items"]}

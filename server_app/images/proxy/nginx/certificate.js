// The client certificate as RFC 9440 wants it: base64 of the DER between colons. Empty when there is none, and an empty
// header is not sent. It is the one shown to nginx itself and verified; or, when there is none, the one that a trusted
// TLS proxy passes on, exactly once and well-formed: a proxy that leaves a client's own header beside its own is not
// believed. `web` verifies either of them again.
const WELL_FORMED = /^:[A-Za-z0-9+\/]{1,16000}={0,2}:$/;

function clientCert(r) {
  const pem = r.variables.ssl_client_raw_cert;
  if (r.variables.ssl_client_verify === 'SUCCESS' && pem) {
    return ':' + pem.replace(/-----[A-Z ]+-----/g, '').replace(/\s+/g, '') + ':';
  }
  if (r.variables.trusted_proxy !== '1') {
    return '';
  }
  const values = r.rawHeadersIn.filter((header) => header[0].toLowerCase() === 'client-cert').map((header) => header[1]);
  return values.length === 1 && WELL_FORMED.test(values[0]) ? values[0] : '';
}

export default { clientCert };

// The verified client certificate as RFC 9440 wants it: base64 of the DER between colons. Empty when there is none,
// and an empty header is not sent.
function clientCert(r) {
  const pem = r.variables.ssl_client_raw_cert;
  if (r.variables.ssl_client_verify !== 'SUCCESS' || !pem) {
    return '';
  }
  return ':' + pem.replace(/-----[A-Z ]+-----/g, '').replace(/\s+/g, '') + ':';
}

export default { clientCert };

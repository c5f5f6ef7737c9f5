"""The RDP server: our own door, certificate and NTLM challenge before the protocols of rdphoneypot."""

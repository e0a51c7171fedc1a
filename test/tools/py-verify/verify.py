"""Judges certificate chains with cryptography.x509.verification, a verifier with CA/Browser Forum
rules that is stricter than Go's.

The contract is that of go-verify: cases in on standard input, results out on standard output, both
JSON; the exit status says whether the run worked, not whether the chains are good.
"""

import ipaddress
import json
import sys
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

USAGES = {
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
    "any": None,
}
REQUIRED = {"name", "leaf", "roots", "usage", "at"}
OPTIONAL = {"dnsName", "ip"}


def main():
    try:
        results = run(json.load(sys.stdin))
    except (ValueError, TypeError, AttributeError) as error:
        sys.exit(f"py-verify: error: {error}")
    json.dump({"results": results}, sys.stdout)
    print()


def run(request):
    """Fails on input that breaks the contract: such a case must not pass for a chain refused."""
    if set(request) != {"cases"} or not request["cases"]:
        raise ValueError("the input is not an object with cases")
    results = []
    seen = set()
    for case in request["cases"]:
        name = case.get("name")
        if not name or name in seen:
            raise ValueError(f"case name {name!r} is empty or used twice")
        seen.add(name)
        wrong = {key for key in REQUIRED if not case.get(key)} | set(case) - REQUIRED - OPTIONAL
        if wrong:
            raise ValueError(f"case {name!r}: fields missing or unknown: {sorted(wrong)}")
        if case["usage"] not in USAGES:
            raise ValueError(f"case {name!r}: usage {case['usage']!r} is not server, client or any")
        at = parse_time(case["at"])
        subjects = parse_subjects(case)
        try:
            verify(case, subjects, at)
            results.append({"name": name, "ok": True})
        except (VerificationError, ValueError, x509.UnsupportedGeneralNameType) as error:
            results.append({"name": name, "ok": False, "error": str(error) or repr(error)})
    return results


def parse_time(text):
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))  # "Z" is read from Python 3.11 on
    if at.tzinfo is None:
        raise ValueError(f"time {text!r} has no zone")
    return at


def parse_subjects(case):
    subjects = []
    if case.get("dnsName"):
        if is_ip(case["dnsName"]):
            raise ValueError(f"case {case['name']!r}: dnsName {case['dnsName']!r} is an IP address")
        subjects.append(x509.DNSName(case["dnsName"]))
    if case.get("ip"):
        subjects.append(x509.IPAddress(ipaddress.ip_address(case["ip"])))
    return subjects


def is_ip(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def verify(case, subjects, at):
    leaf, *intermediates = parse("leaf", case["leaf"])
    usage = USAGES[case["usage"]]
    builder = PolicyBuilder().store(Store(parse("roots", case["roots"]))).time(at)
    # The server verifier compares one name, so a case with two names is two verifications. The
    # client verifier compares none: it judges the cases without a name, whatever their usage.
    if not subjects:
        policies = extension_policies(leaf, usage, ExtendedKeyUsageOID.CLIENT_AUTH)
        builder.extension_policies(**policies).build_client_verifier().verify(leaf, intermediates)
    for subject in subjects:
        policies = extension_policies(leaf, usage, ExtendedKeyUsageOID.SERVER_AUTH)
        verifier = builder.extension_policies(**policies).build_server_verifier(subject)
        verifier.verify(leaf, intermediates)


def extension_policies(leaf, usage, verifier_usage):
    """The library's defaults (its documentation: "based on CA/B Forum guidelines"), loosened only
    where a private PKI differs, through the setters that are documented for it; never permit_all,
    which would also drop the checks of basicConstraints, keyUsage and authorityKeyIdentifier."""
    ca = ExtensionPolicy.webpki_defaults_ca()
    ee = ExtensionPolicy.webpki_defaults_ee()
    # Kubernetes takes a client's user and groups from the subject: such certificates have no
    # subjectAltName, which the defaults demand. A server verifier cannot be built without it.
    if verifier_usage == ExtendedKeyUsageOID.CLIENT_AUTH and not has_san(leaf):
        ee = ee.require_not_present(x509.SubjectAlternativeName)
    # Each verifier demands its own usage; a peer certificate's names under "client", and "any",
    # need another. An absent extendedKeyUsage allows all (RFC 5280, 4.2.1.12), as in the defaults.
    if usage != verifier_usage:

        def check(_policy, _certificate, extension):
            allowed = {usage, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
            if usage is not None and extension is not None and allowed.isdisjoint(extension):
                raise ValueError("required EKU not found")

        ca = ca.may_be_present(x509.ExtendedKeyUsage, Criticality.NON_CRITICAL, check)
        ee = ee.may_be_present(x509.ExtendedKeyUsage, Criticality.NON_CRITICAL, check)
    return {"ca_policy": ca, "ee_policy": ee}


def has_san(certificate):
    try:
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    return True


def parse(what, text):
    # The loader passes over what is not a certificate: damaged PEM must not be half accepted.
    found = text.count("-----BEGIN ")
    if found == 0:
        raise ValueError(f"{what}: no certificate")
    if found != text.count("-----BEGIN CERTIFICATE-----"):
        raise ValueError(f"{what}: holds PEM blocks that are not certificates")
    try:
        certificates = x509.load_pem_x509_certificates(text.encode())
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error
    if len(certificates) != found:
        raise ValueError(f"{what}: damaged PEM")
    return certificates


if __name__ == "__main__":
    main()

// Command go-verify judges certificate chains with crypto/x509, the verifier of every Kubernetes
// component. Cases in on standard input, results out on standard output, both JSON; the exit status
// says whether the run worked, not whether the chains are good. verify.py keeps the same contract.
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

type testCase struct {
	Name    string `json:"name"`
	Leaf    string `json:"leaf"`  // PEM, the leaf first, then any intermediates
	Roots   string `json:"roots"` // PEM
	Usage   string `json:"usage"`
	DNSName string `json:"dnsName"`
	IP      string `json:"ip"`
	At      string `json:"at"` // RFC 3339
}

type result struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

var usages = map[string]x509.ExtKeyUsage{
	"server": x509.ExtKeyUsageServerAuth,
	"client": x509.ExtKeyUsageClientAuth,
	"any":    x509.ExtKeyUsageAny,
}

func main() {
	results, err := run(os.Stdin)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(map[string][]result{"results": results})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-verify: error:", err)
		os.Exit(1)
	}
}

// run fails on input that breaks the contract: such a case must not pass for a chain refused.
func run(input io.Reader) ([]result, error) {
	var request struct {
		Cases []testCase `json:"cases"`
	}
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return nil, err
	}
	if len(request.Cases) == 0 {
		return nil, errors.New("no cases")
	}
	results := make([]result, 0, len(request.Cases))
	seen := map[string]bool{}
	for _, c := range request.Cases {
		if c.Name == "" || seen[c.Name] {
			return nil, fmt.Errorf("case name %q is empty or used twice", c.Name)
		}
		seen[c.Name] = true
		if c.Leaf == "" || c.Roots == "" {
			return nil, fmt.Errorf("case %q: no leaf or no roots", c.Name)
		}
		usage, known := usages[c.Usage]
		if !known {
			return nil, fmt.Errorf("case %q: usage %q is not server, client or any", c.Name, c.Usage)
		}
		at, err := time.Parse(time.RFC3339, c.At)
		if err != nil {
			return nil, fmt.Errorf("case %q: at: %w", c.Name, err)
		}
		if c.IP != "" && net.ParseIP(c.IP) == nil {
			return nil, fmt.Errorf("case %q: ip %q is not an IP address", c.Name, c.IP)
		}
		if net.ParseIP(c.DNSName) != nil {
			return nil, fmt.Errorf("case %q: dnsName %q is an IP address", c.Name, c.DNSName)
		}
		r := result{Name: c.Name, OK: true}
		if err := verify(c, usage, at); err != nil {
			r.OK, r.Error = false, err.Error()
		}
		results = append(results, r)
	}
	return results, nil
}

func verify(c testCase, usage x509.ExtKeyUsage, at time.Time) error {
	chain, err := parse("leaf", c.Leaf)
	if err != nil {
		return err
	}
	anchors, err := parse("roots", c.Roots)
	if err != nil {
		return err
	}
	options := x509.VerifyOptions{
		Roots:         pool(anchors),
		Intermediates: pool(chain[1:]),
		CurrentTime:   at,
		KeyUsages:     []x509.ExtKeyUsage{usage},
	}
	leaf := chain[0]
	if _, err := leaf.Verify(options); err != nil {
		return err
	}
	for _, name := range []string{c.DNSName, c.IP} {
		if name == "" {
			continue
		}
		if err := leaf.VerifyHostname(name); err != nil {
			return err
		}
	}
	return nil
}

func parse(what, text string) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%s: holds a PEM block %q", what, block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		certificates = append(certificates, certificate)
	}
	// The decoder passes over what it cannot read: damaged PEM must not be half accepted.
	if strings.Count(text, "-----BEGIN ") != len(certificates) {
		return nil, fmt.Errorf("%s: damaged PEM", what)
	}
	if len(certificates) == 0 {
		return nil, fmt.Errorf("%s: no certificate", what)
	}
	return certificates, nil
}

func pool(certificates []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, certificate := range certificates {
		p.AddCert(certificate)
	}
	return p
}

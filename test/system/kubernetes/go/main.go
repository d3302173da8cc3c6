// Certification requests by Go's crypto/x509, which the kubelet makes them with and the signer reads them with.
//
//	go-csr make   writes one JSON line for each request that it makes: {"name": ..., "pem": ...}
//	go-csr read   reads PEM as base64, one a line, and writes what it finds in each as JSON
package main

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/url"
	"os"
)

type made struct {
	Name string `json:"name"`
	Pem  string `json:"pem"`
}

type found struct {
	Error         string   `json:"error,omitempty"`
	Organizations []string `json:"organizations"`
	CommonName    string   `json:"commonName"`
	DNSNames      []string `json:"dnsNames"`
	Addresses     []string `json:"addresses"`
	Others        int      `json:"others"`
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func ecKey(curve elliptic.Curve) crypto.Signer {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	check(err)
	return key
}

func rsaKey(bits int) crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	check(err)
	return key
}

func edKey() crypto.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	return key
}

const node = "cn-hangzhou.i-1"

func kubelet(change func(*x509.CertificateRequest)) *x509.CertificateRequest {
	template := &x509.CertificateRequest{
		Subject:     pkix.Name{CommonName: "system:node:" + node, Organization: []string{"system:nodes"}},
		DNSNames:    []string{node},
		IPAddresses: []net.IP{net.ParseIP("10.0.0.5")},
	}
	if change != nil {
		change(template)
	}
	return template
}

func makeAll() {
	out := json.NewEncoder(os.Stdout)
	p256 := ecKey(elliptic.P256())
	write := func(name string, key crypto.Signer, template *x509.CertificateRequest) {
		der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
		check(err)
		block := &pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}
		check(out.Encode(made{name, string(pem.EncodeToMemory(block))}))
	}
	write("serving", p256, kubelet(nil))
	write("P-384", ecKey(elliptic.P384()), kubelet(nil))
	write("P-521", ecKey(elliptic.P521()), kubelet(nil))
	write("Ed25519", edKey(), kubelet(nil))
	write("RSA-2048", rsaKey(2048), kubelet(nil))
	write("P-224", ecKey(elliptic.P224()), kubelet(nil))
	write("RSA-1024", rsaKey(1024), kubelet(nil))
	write("SHA-512", p256, kubelet(func(t *x509.CertificateRequest) { t.SignatureAlgorithm = x509.ECDSAWithSHA512 }))
	write("SHA-1", p256, kubelet(func(t *x509.CertificateRequest) { t.SignatureAlgorithm = x509.ECDSAWithSHA1 }))
	write("RSA-PSS", rsaKey(2048), kubelet(func(t *x509.CertificateRequest) { t.SignatureAlgorithm = x509.SHA256WithRSAPSS }))
	write("client", p256, kubelet(func(t *x509.CertificateRequest) { t.DNSNames, t.IPAddresses = nil, nil }))
	write("two O", p256, kubelet(func(t *x509.CertificateRequest) {
		t.Subject.Organization = append(t.Subject.Organization, "system:masters")
	}))
	write("two CN", p256, kubelet(func(t *x509.CertificateRequest) {
		t.Subject.ExtraNames = []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "system:node:" + node},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "system:node:other"},
		}
	}))
	write("serial number", p256, kubelet(func(t *x509.CertificateRequest) { t.Subject.SerialNumber = "1" }))
	write("UTF8String", p256, kubelet(func(t *x509.CertificateRequest) { t.Subject.CommonName += "*" }))
	write("IPv6", p256, kubelet(func(t *x509.CertificateRequest) {
		t.IPAddresses = append(t.IPAddresses, net.ParseIP("2001:db8::1"))
	}))
	write("IPv4-mapped", p256, kubelet(func(t *x509.CertificateRequest) {
		t.IPAddresses = []net.IP{net.ParseIP("::ffff:10.0.0.5")}
	}))
	write("email", p256, kubelet(func(t *x509.CertificateRequest) { t.EmailAddresses = []string{"a@b.example"} }))
	write("URI", p256, kubelet(func(t *x509.CertificateRequest) {
		t.URIs = []*url.URL{{Scheme: "spiffe", Host: "a", Path: "/b"}}
	}))
	write("CA", p256, kubelet(func(t *x509.CertificateRequest) {
		value, err := asn1.Marshal(struct{ IsCA bool }{true})
		check(err)
		t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: value}}
	}))
}

func read(text string) found {
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return found{Error: "base64"}
	}
	// As Kubernetes: the first block, whatever stands around it.
	block, _ := pem.Decode(bytes)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return found{Error: "PEM"}
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return found{Error: err.Error()}
	}
	if err := request.CheckSignature(); err != nil {
		return found{Error: "signature"}
	}
	addresses := []string{}
	for _, ip := range request.IPAddresses {
		addresses = append(addresses, ip.String())
	}
	return found{
		Organizations: request.Subject.Organization,
		CommonName:    request.Subject.CommonName,
		DNSNames:      append([]string{}, request.DNSNames...),
		Addresses:     addresses,
		Others:        len(request.EmailAddresses) + len(request.URIs),
	}
}

func main() {
	if os.Args[1] == "make" {
		makeAll()
		return
	}
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		check(out.Encode(read(lines.Text())))
	}
}

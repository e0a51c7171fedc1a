module cdk8s-pki/test/tools/go-verify

go 1.24

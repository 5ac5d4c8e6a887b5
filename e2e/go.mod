module github.com/seksbot/seks-broker/e2e

go 1.26.0

replace github.com/seksbot/seks-broker => ../

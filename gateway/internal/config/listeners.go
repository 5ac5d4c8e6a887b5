package config

// listeners reads every address that the broker listens on, and sees that no
// two are the same and none is open to the network by oversight.
type listeners struct {
	dir            string
	allowPlaintext bool
	tls            bool
	taken          map[Address]string // the key that has it
}

func (l *listeners) agents(t table) []Address {
	var all []Address
	for _, s := range t.list("listen", true, "127.0.0.1:8080") {
		if a := l.one(t, "listen", s); !a.IsZero() {
			all = append(all, a)
		}
	}
	if given, ok := t.values["listen"].([]any); ok && len(given) == 0 {
		t.fault("listen", "is empty, and so no agent could reach the broker: name at least one address")
	}
	return all
}

func (l *listeners) admin(t table) Address {
	s := t.text("listen", "127.0.0.1:8081")
	if s == "" {
		return Address{}
	}
	a := l.one(t, "listen", s)
	if a.Network == "unix" {
		t.fault("listen", `is a socket, and there is one in data_dir already: write "host:port", or "" for no listener`)
	}
	return a
}

func (l *listeners) provider(t table) Address {
	s := t.text("listen", "")
	if s == "" {
		return Address{}
	}
	return l.one(t, "listen", s)
}

func (l *listeners) one(t table, name, s string) Address {
	a, err := parseAddress(s, l.dir)
	if err != nil {
		t.fault(name, "%v", err)
		return Address{}
	}
	if !a.Local() && !l.tls && !l.allowPlaintext {
		t.fault(name, "%q can be reached from other machines, and plain http shows them the tokens: listen on 127.0.0.1, set [tls], or set allow_plaintext = true at the top of the file", s)
	}
	key := child(t.at, name).String()
	if owner, dup := l.taken[a]; dup && !a.ephemeral() {
		t.fault(name, "%q is taken already, by %s: name each address once", s, owner)
	}
	l.taken[a] = key
	return a
}

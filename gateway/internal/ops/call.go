package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// command is one operation behind its JSON face.
type command func(ctx context.Context, b *Broker, in []byte) (any, error)

// as gives an operation its JSON face: input decoded strictly, so that a
// misspelt key is an error and not a wider token.
func as[In, Out any](do func(*Broker, context.Context, In) (Out, error)) command {
	return func(ctx context.Context, b *Broker, body []byte) (any, error) {
		var in In
		if len(body) > 0 {
			d := json.NewDecoder(bytes.NewReader(body))
			d.DisallowUnknownFields()
			if err := d.Decode(&in); err != nil {
				return nil, fmt.Errorf("the request can't be read: %w", err)
			}
			if _, err := d.Token(); err != io.EOF {
				return nil, errors.New("the request can't be read: there is more behind its JSON")
			}
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return do(b, ctx, in)
	}
}

// commands are all operations, by their path under /admin/v1/.
var commands = map[string]command{
	"credential/set":    as((*Broker).CredentialSet),
	"credential/rotate": as((*Broker).CredentialRotate),
	"credential/rebind": as((*Broker).CredentialRebind),
	"credential/list":   as((*Broker).CredentialList),
	"credential/remove": as((*Broker).CredentialRemove),
	"token/issue":       as((*Broker).TokenIssue),
	"token/list":        as((*Broker).TokenList),
	"token/show":        as((*Broker).TokenShow),
	"s3/presign":        as((*Broker).S3Presign),
	"token/revoke":      as((*Broker).TokenRevoke),
	"token/resume":      as((*Broker).TokenResume),
	"plugin/list":       as((*Broker).PluginList),
	"plugin/describe":   as((*Broker).PluginDescribe),
	"plugin/trust":      as((*Broker).PluginTrust),
	"log/flush":         as((*Broker).LogFlush),
	"log/checkpoint":    as((*Broker).LogCheckpoint),
	"admin/token":       as((*Broker).AdminTokenNew),
	"doctor/checkup":    as((*Broker).Checkup),
	"doctor/leak":       as((*Broker).DoctorLeak),
	"status":            as((*Broker).Ready),
}

// Call runs a command by name, with JSON in and a value to encode out.
func (b *Broker) Call(ctx context.Context, name string, in []byte) (any, error) {
	c, ok := commands[name]
	if !ok {
		return nil, fmt.Errorf("%w: %.64q", ErrUnknown, name)
	}
	return c(ctx, b, in)
}

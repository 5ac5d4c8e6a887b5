package main

import (
	"slices"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// operations is the catalogue: the host looks each request up in it, and policy
// judges by what it finds. Names follow Anthropic's own SDKs, without their
// "beta": what leaves beta keeps its name. The classes:
//
//   - read changes nothing and runs no model;
//   - write is all else, a message too: it costs money and may be stored;
//   - grant hands out access that outlives the token, or has data sent elsewhere
//     from then on: invitations, roles, service accounts, federation, webhooks.
var operations = slices.Concat(api, agents, organization)

func read(name, method, path string) seks.Operation {
	return seks.Operation{Name: name, Class: seks.Read, Method: method, Path: path}
}

func write(name, method, path string) seks.Operation {
	return seks.Operation{Name: name, Class: seks.Write, Method: method, Path: path}
}

func grant(name, method, path string) seks.Operation {
	return seks.Operation{Name: name, Class: seks.Grant, Method: method, Path: path}
}

// api is what most keys are for. The last is there for OpenAI's SDKs.
var api = []seks.Operation{
	write("messages.create", "POST", "/v1/messages"),
	read("messages.batches.list", "GET", "/v1/messages/batches"),
	write("messages.batches.create", "POST", "/v1/messages/batches"),
	write("messages.batches.delete", "DELETE", "/v1/messages/batches/{message_batch_id}"),
	read("messages.batches.retrieve", "GET", "/v1/messages/batches/{message_batch_id}"),
	write("messages.batches.cancel", "POST", "/v1/messages/batches/{message_batch_id}/cancel"),
	read("messages.batches.results", "GET", "/v1/messages/batches/{message_batch_id}/results"),
	read("messages.count_tokens", "POST", "/v1/messages/count_tokens"),

	read("models.list", "GET", "/v1/models"),
	read("models.retrieve", "GET", "/v1/models/{model_id}"),

	read("files.list", "GET", "/v1/files"),
	write("files.upload", "POST", "/v1/files"),
	write("files.delete", "DELETE", "/v1/files/{file_id}"),
	read("files.retrieve_metadata", "GET", "/v1/files/{file_id}"),
	read("files.download", "GET", "/v1/files/{file_id}/content"),

	read("skills.list", "GET", "/v1/skills"),
	write("skills.create", "POST", "/v1/skills"),
	write("skills.delete", "DELETE", "/v1/skills/{skill_id}"),
	read("skills.retrieve", "GET", "/v1/skills/{skill_id}"),
	read("skills.versions.list", "GET", "/v1/skills/{skill_id}/versions"),
	write("skills.versions.create", "POST", "/v1/skills/{skill_id}/versions"),
	write("skills.versions.delete", "DELETE", "/v1/skills/{skill_id}/versions/{version}"),
	read("skills.versions.retrieve", "GET", "/v1/skills/{skill_id}/versions/{version}"),
	read("skills.versions.download", "GET", "/v1/skills/{skill_id}/versions/{version}/content"),

	write("completions.create", "POST", "/v1/complete"),

	write("chat.completions.create", "POST", "/v1/chat/completions"),
}

package main

import (
	"slices"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// operations is the catalogue: the host looks each request up in it, and policy
// judges by what it finds. Names follow OpenAI's own SDKs. The classes:
//
//   - read changes nothing and runs no model;
//   - write is all else, a chat completion too: it costs money and may be stored;
//   - grant hands out access that outlives the token: keys, invitations, roles,
//     the client secrets of realtime and chat sessions.
var operations = slices.Concat(project, organization)

func read(name, method, path string) seks.Operation {
	return seks.Operation{Name: name, Class: seks.Read, Method: method, Path: path}
}

func write(name, method, path string) seks.Operation {
	return seks.Operation{Name: name, Class: seks.Write, Method: method, Path: path}
}

func grant(name, method, path string) seks.Operation {
	return seks.Operation{Name: name, Class: seks.Grant, Method: method, Path: path}
}

// project is what a project's key can do.
var project = []seks.Operation{
	read("chat.completions.list", "GET", "/v1/chat/completions"),
	write("chat.completions.create", "POST", "/v1/chat/completions"),
	write("chat.completions.delete", "DELETE", "/v1/chat/completions/{completion_id}"),
	read("chat.completions.retrieve", "GET", "/v1/chat/completions/{completion_id}"),
	write("chat.completions.update", "POST", "/v1/chat/completions/{completion_id}"),
	read("chat.completions.messages.list", "GET", "/v1/chat/completions/{completion_id}/messages"),

	write("completions.create", "POST", "/v1/completions"),

	write("responses.create", "POST", "/v1/responses"),
	write("responses.compact", "POST", "/v1/responses/compact"),
	read("responses.input_tokens.count", "POST", "/v1/responses/input_tokens"),
	write("responses.delete", "DELETE", "/v1/responses/{response_id}"),
	read("responses.retrieve", "GET", "/v1/responses/{response_id}"),
	write("responses.cancel", "POST", "/v1/responses/{response_id}/cancel"),
	read("responses.input_items.list", "GET", "/v1/responses/{response_id}/input_items"),

	write("conversations.create", "POST", "/v1/conversations"),
	write("conversations.delete", "DELETE", "/v1/conversations/{conversation_id}"),
	read("conversations.retrieve", "GET", "/v1/conversations/{conversation_id}"),
	write("conversations.update", "POST", "/v1/conversations/{conversation_id}"),
	read("conversations.items.list", "GET", "/v1/conversations/{conversation_id}/items"),
	write("conversations.items.create", "POST", "/v1/conversations/{conversation_id}/items"),
	write("conversations.items.delete", "DELETE", "/v1/conversations/{conversation_id}/items/{item_id}"),
	read("conversations.items.retrieve", "GET", "/v1/conversations/{conversation_id}/items/{item_id}"),

	write("embeddings.create", "POST", "/v1/embeddings"),

	write("moderations.create", "POST", "/v1/moderations"),

	read("models.list", "GET", "/v1/models"),
	write("models.delete", "DELETE", "/v1/models/{model}"),
	read("models.retrieve", "GET", "/v1/models/{model}"),

	read("files.list", "GET", "/v1/files"),
	write("files.create", "POST", "/v1/files"),
	write("files.delete", "DELETE", "/v1/files/{file_id}"),
	read("files.retrieve", "GET", "/v1/files/{file_id}"),
	read("files.content", "GET", "/v1/files/{file_id}/content"),

	write("uploads.create", "POST", "/v1/uploads"),
	write("uploads.cancel", "POST", "/v1/uploads/{upload_id}/cancel"),
	write("uploads.complete", "POST", "/v1/uploads/{upload_id}/complete"),
	write("uploads.parts.create", "POST", "/v1/uploads/{upload_id}/parts"),

	write("images.edit", "POST", "/v1/images/edits"),
	write("images.generate", "POST", "/v1/images/generations"),
	write("images.create_variation", "POST", "/v1/images/variations"),

	write("audio.speech.create", "POST", "/v1/audio/speech"),
	write("audio.transcriptions.create", "POST", "/v1/audio/transcriptions"),
	write("audio.translations.create", "POST", "/v1/audio/translations"),
	read("audio.voice_consents.list", "GET", "/v1/audio/voice_consents"),
	write("audio.voice_consents.create", "POST", "/v1/audio/voice_consents"),
	write("audio.voice_consents.delete", "DELETE", "/v1/audio/voice_consents/{consent_id}"),
	read("audio.voice_consents.retrieve", "GET", "/v1/audio/voice_consents/{consent_id}"),
	write("audio.voice_consents.update", "POST", "/v1/audio/voice_consents/{consent_id}"),
	write("audio.voices.create", "POST", "/v1/audio/voices"),

	read("videos.list", "GET", "/v1/videos"),
	write("videos.create", "POST", "/v1/videos"),
	write("videos.create_character", "POST", "/v1/videos/characters"),
	read("videos.get_character", "GET", "/v1/videos/characters/{character_id}"),
	write("videos.edit", "POST", "/v1/videos/edits"),
	write("videos.extend", "POST", "/v1/videos/extensions"),
	write("videos.delete", "DELETE", "/v1/videos/{video_id}"),
	read("videos.retrieve", "GET", "/v1/videos/{video_id}"),
	read("videos.download_content", "GET", "/v1/videos/{video_id}/content"),
	write("videos.remix", "POST", "/v1/videos/{video_id}/remix"),

	read("batches.list", "GET", "/v1/batches"),
	write("batches.create", "POST", "/v1/batches"),
	read("batches.retrieve", "GET", "/v1/batches/{batch_id}"),
	write("batches.cancel", "POST", "/v1/batches/{batch_id}/cancel"),

	write("fine_tuning.alpha.graders.run", "POST", "/v1/fine_tuning/alpha/graders/run"),
	read("fine_tuning.alpha.graders.validate", "POST", "/v1/fine_tuning/alpha/graders/validate"),
	read("fine_tuning.checkpoints.permissions.list", "GET", "/v1/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions"),
	grant("fine_tuning.checkpoints.permissions.create", "POST", "/v1/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions"),
	write("fine_tuning.checkpoints.permissions.delete", "DELETE", "/v1/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions/{permission_id}"),
	read("fine_tuning.jobs.list", "GET", "/v1/fine_tuning/jobs"),
	write("fine_tuning.jobs.create", "POST", "/v1/fine_tuning/jobs"),
	read("fine_tuning.jobs.retrieve", "GET", "/v1/fine_tuning/jobs/{fine_tuning_job_id}"),
	write("fine_tuning.jobs.cancel", "POST", "/v1/fine_tuning/jobs/{fine_tuning_job_id}/cancel"),
	read("fine_tuning.jobs.checkpoints.list", "GET", "/v1/fine_tuning/jobs/{fine_tuning_job_id}/checkpoints"),
	read("fine_tuning.jobs.list_events", "GET", "/v1/fine_tuning/jobs/{fine_tuning_job_id}/events"),
	write("fine_tuning.jobs.pause", "POST", "/v1/fine_tuning/jobs/{fine_tuning_job_id}/pause"),
	write("fine_tuning.jobs.resume", "POST", "/v1/fine_tuning/jobs/{fine_tuning_job_id}/resume"),

	read("evals.list", "GET", "/v1/evals"),
	write("evals.create", "POST", "/v1/evals"),
	write("evals.delete", "DELETE", "/v1/evals/{eval_id}"),
	read("evals.retrieve", "GET", "/v1/evals/{eval_id}"),
	write("evals.update", "POST", "/v1/evals/{eval_id}"),
	read("evals.runs.list", "GET", "/v1/evals/{eval_id}/runs"),
	write("evals.runs.create", "POST", "/v1/evals/{eval_id}/runs"),
	write("evals.runs.delete", "DELETE", "/v1/evals/{eval_id}/runs/{run_id}"),
	read("evals.runs.retrieve", "GET", "/v1/evals/{eval_id}/runs/{run_id}"),
	write("evals.runs.cancel", "POST", "/v1/evals/{eval_id}/runs/{run_id}"),
	read("evals.runs.output_items.list", "GET", "/v1/evals/{eval_id}/runs/{run_id}/output_items"),
	read("evals.runs.output_items.retrieve", "GET", "/v1/evals/{eval_id}/runs/{run_id}/output_items/{output_item_id}"),

	read("vector_stores.list", "GET", "/v1/vector_stores"),
	write("vector_stores.create", "POST", "/v1/vector_stores"),
	write("vector_stores.delete", "DELETE", "/v1/vector_stores/{vector_store_id}"),
	read("vector_stores.retrieve", "GET", "/v1/vector_stores/{vector_store_id}"),
	write("vector_stores.update", "POST", "/v1/vector_stores/{vector_store_id}"),
	write("vector_stores.file_batches.create", "POST", "/v1/vector_stores/{vector_store_id}/file_batches"),
	read("vector_stores.file_batches.retrieve", "GET", "/v1/vector_stores/{vector_store_id}/file_batches/{batch_id}"),
	write("vector_stores.file_batches.cancel", "POST", "/v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel"),
	read("vector_stores.file_batches.list_files", "GET", "/v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/files"),
	read("vector_stores.files.list", "GET", "/v1/vector_stores/{vector_store_id}/files"),
	write("vector_stores.files.create", "POST", "/v1/vector_stores/{vector_store_id}/files"),
	write("vector_stores.files.delete", "DELETE", "/v1/vector_stores/{vector_store_id}/files/{file_id}"),
	read("vector_stores.files.retrieve", "GET", "/v1/vector_stores/{vector_store_id}/files/{file_id}"),
	write("vector_stores.files.update", "POST", "/v1/vector_stores/{vector_store_id}/files/{file_id}"),
	read("vector_stores.files.content", "GET", "/v1/vector_stores/{vector_store_id}/files/{file_id}/content"),
	read("vector_stores.search", "POST", "/v1/vector_stores/{vector_store_id}/search"),

	read("containers.list", "GET", "/v1/containers"),
	write("containers.create", "POST", "/v1/containers"),
	write("containers.delete", "DELETE", "/v1/containers/{container_id}"),
	read("containers.retrieve", "GET", "/v1/containers/{container_id}"),
	read("containers.files.list", "GET", "/v1/containers/{container_id}/files"),
	write("containers.files.create", "POST", "/v1/containers/{container_id}/files"),
	write("containers.files.delete", "DELETE", "/v1/containers/{container_id}/files/{file_id}"),
	read("containers.files.retrieve", "GET", "/v1/containers/{container_id}/files/{file_id}"),
	read("containers.files.content.retrieve", "GET", "/v1/containers/{container_id}/files/{file_id}/content"),

	read("skills.list", "GET", "/v1/skills"),
	write("skills.create", "POST", "/v1/skills"),
	write("skills.delete", "DELETE", "/v1/skills/{skill_id}"),
	read("skills.retrieve", "GET", "/v1/skills/{skill_id}"),
	write("skills.update", "POST", "/v1/skills/{skill_id}"),
	read("skills.content.retrieve", "GET", "/v1/skills/{skill_id}/content"),
	read("skills.versions.list", "GET", "/v1/skills/{skill_id}/versions"),
	write("skills.versions.create", "POST", "/v1/skills/{skill_id}/versions"),
	write("skills.versions.delete", "DELETE", "/v1/skills/{skill_id}/versions/{version}"),
	read("skills.versions.retrieve", "GET", "/v1/skills/{skill_id}/versions/{version}"),
	read("skills.versions.content.retrieve", "GET", "/v1/skills/{skill_id}/versions/{version}/content"),

	read("assistants.list", "GET", "/v1/assistants"),
	write("assistants.create", "POST", "/v1/assistants"),
	write("assistants.delete", "DELETE", "/v1/assistants/{assistant_id}"),
	read("assistants.retrieve", "GET", "/v1/assistants/{assistant_id}"),
	write("assistants.update", "POST", "/v1/assistants/{assistant_id}"),

	write("threads.create", "POST", "/v1/threads"),
	write("threads.create_and_run", "POST", "/v1/threads/runs"),
	write("threads.delete", "DELETE", "/v1/threads/{thread_id}"),
	read("threads.retrieve", "GET", "/v1/threads/{thread_id}"),
	write("threads.update", "POST", "/v1/threads/{thread_id}"),
	read("threads.messages.list", "GET", "/v1/threads/{thread_id}/messages"),
	write("threads.messages.create", "POST", "/v1/threads/{thread_id}/messages"),
	write("threads.messages.delete", "DELETE", "/v1/threads/{thread_id}/messages/{message_id}"),
	read("threads.messages.retrieve", "GET", "/v1/threads/{thread_id}/messages/{message_id}"),
	write("threads.messages.update", "POST", "/v1/threads/{thread_id}/messages/{message_id}"),
	read("threads.runs.list", "GET", "/v1/threads/{thread_id}/runs"),
	write("threads.runs.create", "POST", "/v1/threads/{thread_id}/runs"),
	read("threads.runs.retrieve", "GET", "/v1/threads/{thread_id}/runs/{run_id}"),
	write("threads.runs.update", "POST", "/v1/threads/{thread_id}/runs/{run_id}"),
	write("threads.runs.cancel", "POST", "/v1/threads/{thread_id}/runs/{run_id}/cancel"),
	read("threads.runs.steps.list", "GET", "/v1/threads/{thread_id}/runs/{run_id}/steps"),
	read("threads.runs.steps.retrieve", "GET", "/v1/threads/{thread_id}/runs/{run_id}/steps/{step_id}"),
	write("threads.runs.submit_tool_outputs", "POST", "/v1/threads/{thread_id}/runs/{run_id}/submit_tool_outputs"),

	grant("chatkit.sessions.create", "POST", "/v1/chatkit/sessions"),
	write("chatkit.sessions.cancel", "POST", "/v1/chatkit/sessions/{session_id}/cancel"),
	read("chatkit.threads.list", "GET", "/v1/chatkit/threads"),
	write("chatkit.threads.delete", "DELETE", "/v1/chatkit/threads/{thread_id}"),
	read("chatkit.threads.retrieve", "GET", "/v1/chatkit/threads/{thread_id}"),
	read("chatkit.threads.items.list", "GET", "/v1/chatkit/threads/{thread_id}/items"),

	write("realtime.calls.create", "POST", "/v1/realtime/calls"),
	write("realtime.calls.accept", "POST", "/v1/realtime/calls/{call_id}/accept"),
	write("realtime.calls.hangup", "POST", "/v1/realtime/calls/{call_id}/hangup"),
	write("realtime.calls.refer", "POST", "/v1/realtime/calls/{call_id}/refer"),
	write("realtime.calls.reject", "POST", "/v1/realtime/calls/{call_id}/reject"),
	grant("realtime.client_secrets.create", "POST", "/v1/realtime/client_secrets"),
	grant("realtime.sessions.create", "POST", "/v1/realtime/sessions"),
	grant("realtime.transcription_sessions.create", "POST", "/v1/realtime/transcription_sessions"),
	grant("realtime.translations.client_secrets.create", "POST", "/v1/realtime/translations/client_secrets"),

	write("content_provenance_checks.create", "POST", "/v1/content_provenance_checks"),
}

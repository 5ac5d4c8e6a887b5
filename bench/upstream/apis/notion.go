package apis

import (
	"fmt"
	"net/http"
)

// Notion is api.notion.com. It wants a Notion-Version.
//
//	GET  /v1/users/me
//	POST /v1/search                        5 pages, page_size a page
//	GET  /v1/pages/{id}; "missing" is an error; POST /v1/pages
//	POST /v1/file_uploads, /v1/file_uploads/{id}/send   multipart
func Notion(key string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/users/me", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, object{"object": "user", "id": "me", "type": "bot", "name": "Double", "bot": object{}})
	})
	mux.HandleFunc("POST /v1/search", func(w http.ResponseWriter, r *http.Request) {
		const all = 5
		q := read(r)
		size, from := all, 0
		if n, ok := q["page_size"].(float64); ok {
			size = int(n)
		}
		if c, ok := q["start_cursor"].(string); ok {
			_, _ = fmt.Sscanf(c, "after-%d", &from) // another cursor is none
		}
		list, next := []object{}, any(nil)
		for n := from + 1; n <= min(from+size, all); n++ {
			list = append(list, page(fmt.Sprint("page-", n)))
		}
		if from+size < all {
			next = fmt.Sprint("after-", from+size)
		}
		answer(w, 200, object{"object": "list", "results": list, "has_more": next != nil, "next_cursor": next, "type": "page_or_data_source"})
	})
	mux.HandleFunc("GET /v1/pages/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "missing" {
			notionError(w, 404, "object_not_found", "Could not find page with ID: missing.")
			return
		}
		answer(w, 200, page(r.PathValue("id")))
	})
	mux.HandleFunc("POST /v1/pages", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, page("new")) })
	mux.HandleFunc("POST /v1/file_uploads", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, fileUpload(r, "pending", 0))
	})
	mux.HandleFunc("POST /v1/file_uploads/up1/send", func(w http.ResponseWriter, r *http.Request) {
		data, err := field(r, "file")
		if err != nil {
			notionError(w, 400, "validation_error", "no file: "+err.Error())
			return
		}
		answer(w, 200, fileUpload(r, "uploaded", len(data)))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		notionError(w, 400, "invalid_request_url", "Invalid request URL.")
	})
	versioned := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Notion-Version") == "" {
			notionError(w, 400, "missing_version", "Notion-Version header should be defined.")
			return
		}
		mux.ServeHTTP(w, r)
	})
	return keyed("Bearer "+key, header("Authorization"), func(w http.ResponseWriter, _ *http.Request) {
		notionError(w, 401, "unauthorized", "API token is invalid.")
	}, versioned)
}

func notionError(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, object{"object": "error", "status": status, "code": code, "message": message, "request_id": "double"})
}

func page(id string) object {
	return object{"object": "page", "id": id, "created_time": "2026-01-01T00:00:00.000Z", "archived": false, "properties": object{},
		"url": "https://www.notion.so/" + id, "parent": object{"type": "workspace", "workspace": true}}
}

// fileUpload says where the file goes with a URL of the API's own, as Notion does.
func fileUpload(r *http.Request, status string, length int) object {
	return object{"object": "file_upload", "id": "up1", "status": status, "filename": "a.txt", "content_length": length, "content_type": "text/plain",
		"upload_url": self(r, "/v1/file_uploads/up1/send")}
}

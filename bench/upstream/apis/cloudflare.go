package apis

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// zones is how many zones the account has.
const zones = 5

// Cloudflare is api.cloudflare.com. It takes a token as Bearer, or the account's
// key beside its address.
//
//	GET  /client/v4/zones, /client/v4/zones/{id}; the zone "missing" is an error
//	GET, PUT /client/v4/accounts/{a}/storage/kv/namespaces/{n}/values/{key...}
//	POST /client/v4/accounts/{a}/d1/database/{d}/query
//	PUT  /client/v4/accounts/{a}/workers/scripts/{s}   multipart
//	POST /client/v4/user/tokens                        a token, BornValue
//	PUT  /client/v4/user/tokens/{id}/value             BornValue
func Cloudflare(token, key, email string) http.Handler {
	c := &cloudflare{values: map[string][]byte{}}
	mux := http.NewServeMux()
	const v4, kv = "/client/v4", "/client/v4/accounts/{a}/storage/kv/namespaces/{n}/values/{key...}"
	mux.HandleFunc("GET "+v4+"/zones", listZones)
	mux.HandleFunc("GET "+v4+"/zones/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "missing" {
			cloudflareError(w, 404, 7003, "Could not route to /zones/missing, perhaps your object identifier is invalid?")
			return
		}
		result(w, zone(r.PathValue("id")))
	})
	mux.HandleFunc("GET "+kv, c.get)
	mux.HandleFunc("PUT "+kv, c.put)
	mux.HandleFunc("POST "+v4+"/accounts/{a}/d1/database/{d}/query", func(w http.ResponseWriter, r *http.Request) {
		result(w, []object{{"success": true, "results": []object{{"sql": read(r)["sql"]}}, "meta": object{"duration": 1}}})
	})
	mux.HandleFunc("PUT "+v4+"/accounts/{a}/workers/scripts/{s}", script)
	mux.HandleFunc("POST "+v4+"/user/tokens", func(w http.ResponseWriter, r *http.Request) {
		result(w, object{"id": "t1", "name": read(r)["name"], "status": "active", "value": BornValue})
	})
	mux.HandleFunc("PUT "+v4+"/user/tokens/{id}/value", func(w http.ResponseWriter, _ *http.Request) { result(w, BornValue) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { cloudflareError(w, 404, 7000, "No route for that URI") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		bearer := token != "" && header("Authorization")(r) == "Bearer "+token && h.Get("X-Auth-Key")+h.Get("X-Auth-Email") == ""
		global := key != "" && header("X-Auth-Key")(r) == key && header("X-Auth-Email")(r) == email && h.Get("Authorization") == ""
		if !bearer && !global {
			cloudflareError(w, 403, 9109, "Invalid access token")
			return
		}
		w.Header().Set("Set-Cookie", "__cf_bm=1; Path=/")
		mux.ServeHTTP(w, r)
	})
}

// BornValue is the API token that the double of Cloudflare mints.
const BornValue = "cfut_born0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcd"

type cloudflare struct {
	mu     sync.Mutex
	values map[string][]byte
}

func cloudflareError(w http.ResponseWriter, status, code int, message string) {
	answer(w, status, object{"success": false, "errors": []object{{"code": code, "message": message}}, "messages": []object{}, "result": nil})
}

func result(w http.ResponseWriter, v any) {
	answer(w, 200, object{"success": true, "errors": []object{}, "messages": []object{}, "result": v})
}

func zone(id string) object {
	return object{"id": id, "name": id + ".example", "status": "active", "type": "full"}
}

func listZones(w http.ResponseWriter, r *http.Request) {
	page, per := number(r, "page", 1), number(r, "per_page", 20)
	list := []object{}
	for n := (page-1)*per + 1; n <= min(page*per, zones); n++ {
		list = append(list, zone(fmt.Sprint("zone", n)))
	}
	answer(w, 200, object{"success": true, "errors": []object{}, "messages": []object{}, "result": list,
		"result_info": object{"page": page, "per_page": per, "count": len(list), "total_count": zones, "total_pages": (zones + per - 1) / per}})
}

func (c *cloudflare) get(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, ok := c.values[r.PathValue("key")]
	if !ok {
		cloudflareError(w, 404, 10009, "get: 'key not found'")
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(value)
}

// put takes a value as it is, or as the field "value" of a form.
func (c *cloudflare) put(w http.ResponseWriter, r *http.Request) {
	value, err := []byte(nil), error(nil)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		value, err = field(r, "value")
	} else {
		value, err = io.ReadAll(r.Body)
	}
	if err != nil {
		cloudflareError(w, 400, 10001, "the value can't be read")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[r.PathValue("key")] = value
	result(w, object{})
}

func field(r *http.Request, name string) ([]byte, error) {
	form, err := r.MultipartReader()
	for err == nil {
		part, end := form.NextPart()
		if err = end; err == nil && part.FormName() == name {
			return io.ReadAll(part)
		}
	}
	return nil, err
}

// script wants the parts of a Worker: metadata, and modules as files.
func script(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		cloudflareError(w, 400, 10021, "no multipart body: "+err.Error())
		return
	}
	size := int64(0)
	for _, files := range r.MultipartForm.File {
		for _, f := range files {
			size += f.Size
		}
	}
	result(w, object{"id": r.PathValue("s"), "has_modules": size > 0, "etag": fmt.Sprint(size), "handlers": []string{"fetch"}})
}

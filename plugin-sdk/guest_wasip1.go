package seks

import "unsafe"

// The exports of ABI v1. The linker takes them from any package, so a plugin's
// own main package needs none.

//go:wasmexport seks_v1_buffer
func exportBuffer(size uint32) uint32 { return address(served().buffer(size)) }

//go:wasmexport seks_v1_manifest
func exportManifest() uint64 { return result(served().manifest()) }

//go:wasmexport seks_v1_configure
func exportConfigure(size uint32) uint64 { return result(served().configure(size)) }

//go:wasmexport seks_v1_plan
func exportPlan(size uint32) uint64 { return result(served().plan(size)) }

//go:wasmexport seks_v1_scrub
func exportScrub(size uint32) uint64 { return result(served().scrub(size)) }

//go:wasmexport seks_v1_request_body
func exportRequestBody(size, flags uint32) uint64 {
	g := served()
	return result(g.body(g.provider.RequestBody, &g.request, size, flags))
}

//go:wasmexport seks_v1_response_body
func exportResponseBody(size, flags uint32) uint64 {
	g := served()
	return result(g.body(g.provider.ResponseBody, &g.response, size, flags))
}

func served() *guest {
	if serving == nil {
		panic("seks: no plugin here: call seks.Serve in an init function")
	}
	return serving
}

func result(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return uint64(address(b))<<32 | uint64(len(b))
}

// address is where b lies in the module's memory. Go's collector moves nothing
// on the heap, and the guest holds on to b until the host's next call.
func address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

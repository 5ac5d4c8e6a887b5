package load

import (
	"runtime"
	"time"
)

// RoundTrips sends one request after the other on one connection and gives how
// long each took, in microseconds. Warm and Measure bound it in time.
func RoundTrips(o Options) ([]float64, error) {
	s, err := dial(o.Address)
	if err != nil {
		return nil, err
	}
	defer s.close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	buf := make([]byte, 64<<10)
	for end := time.Now().Add(o.Warm); time.Now().Before(end); {
		if _, err := roundTrip(s, o.Request, buf); err != nil {
			return nil, err
		}
	}
	if o.Begin != nil {
		o.Begin()
	}
	var all []float64
	for end := time.Now().Add(o.Measure); time.Now().Before(end); {
		took, err := roundTrip(s, o.Request, buf)
		if err != nil {
			return nil, err
		}
		all = append(all, float64(took.Nanoseconds())/1e3)
	}
	return all, nil
}

func roundTrip(s socket, request, buf []byte) (time.Duration, error) {
	begin := time.Now()
	if err := s.write(request); err != nil {
		return 0, err
	}
	for n := 0; ; {
		got, err := s.read(buf[n:])
		if err != nil {
			return 0, err
		}
		if got == 0 {
			return 0, errCut
		}
		n += got
		if done, err := whole(buf[:n]); done || err != nil {
			return time.Since(begin), err
		}
	}
}

package config

import (
	"strings"
	"testing"
	"time"
)

func TestHowMuchOfTheLogIsKept(t *testing.T) {
	for text, want := range map[string]AccessLog{
		``:                                   {},
		`keep = ""`:                          {},
		`keep = "0"`:                         {},
		`max_bytes = "0"`:                    {},
		`keep = "90d"`:                       {Keep: 90 * 24 * time.Hour},
		`keep = "1d"`:                        {Keep: 24 * time.Hour},
		`keep = "36h30m"`:                    {Keep: 36*time.Hour + 30*time.Minute},
		`keep = "36500d"`:                    {Keep: 36500 * 24 * time.Hour},
		`max_bytes = "64MiB"`:                {MaxBytes: 64 << 20},
		`max_bytes = "10GiB"`:                {MaxBytes: 10 << 30},
		`max_bytes = "10 GB"`:                {MaxBytes: 10e9},
		`max_bytes = "100000000B"`:           {MaxBytes: 100000000},
		`max_bytes = "1024TiB"`:              {MaxBytes: 1 << 50},
		"keep = \"2d\"\nmax_bytes = \"1TB\"": {Keep: 48 * time.Hour, MaxBytes: 1e12},
	} {
		c, err := load(t, "[access_log]\n"+text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want.Durability = DurabilityBatch
		if c.AccessLog != want {
			t.Errorf("%s: %+v, want %+v", text, c.AccessLog, want)
		}
	}
}

func TestHowMuchOfTheLogIsNoAmount(t *testing.T) {
	for text, want := range map[string]string{
		`keep = 90`:                                `access_log.keep: is a whole number`,
		`keep = "90"`:                              `"90" is no time`,
		`keep = "d"`:                               `"d" is no time`,
		`keep = "-3d"`:                             `"-3d" is no time`,
		`keep = "1.5d"`:                            `"1.5d" is no time`,
		`keep = "23h"`:                             `write at least "1d"`,
		`keep = "-48h"`:                            `write at least "1d"`,
		`keep = "36501d"`:                          `at most "36500d"`,
		`keep = "4294967295d"`:                     `at most "36500d"`,
		`max_bytes = 1`:                            `access_log.max_bytes: is a whole number`,
		`max_bytes = "10"`:                         `"10" is no size`,
		`max_bytes = "GiB"`:                        `"GiB" is no size`,
		`max_bytes = "10gib"`:                      `"10gib" is no size`,
		`max_bytes = "-1GiB"`:                      `"-1GiB" is no size`,
		`max_bytes = "+1GiB"`:                      `"+1GiB" is no size`,
		`max_bytes = "1.5GiB"`:                     `"1.5GiB" is no size`,
		`max_bytes = "63MiB"`:                      `write at least "64MiB"`,
		`max_bytes = "1025TiB"`:                    `at most "1024TiB"`,
		`max_bytes = "9223372036854775807TiB"`:     `at most "1024TiB"`,
		`max_bytes = "99999999999999999999999TiB"`: `is no size`,
	} {
		if _, err := load(t, "[access_log]\n"+text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

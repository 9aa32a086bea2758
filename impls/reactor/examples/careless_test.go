package examples

import "testing"

func TestTheChecksNoticeACarelessServer(t *testing.T) {
	for fault, notices := range map[string]check{
		"short-write": deliversBacklog,
		"close":       deliversBacklog,
		"unbounded":   holdsBack,
		"half-close":  turns([]byte("hello"), []byte("hello")),
		"cut":         cutAnywhere,
	} {
		t.Run(fault, func(t *testing.T) {
			s := serve(t, "careless", "-fault="+fault)
			s.patience = impatience
			if err := notices(s); err == nil {
				t.Error("not noticed")
			} else {
				t.Log(err)
			}
		})
	}
}

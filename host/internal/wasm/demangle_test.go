package wasm

import "testing"

func TestNamesOfRustAreShownAsTheirAuthorWroteThem(t *testing.T) {
	for name, want := range map[string]string{
		"_ZN4core9panicking9panic_fmt17h768731f43edd91bfE":                                              "core::panicking::panic_fmt",
		"_ZN3std9panicking19begin_panic_handler28_$u7b$$u7b$closure$u7d$$u7d$17h8ef066ac4d1e7406E":      "std::panicking::begin_panic_handler::{{closure}}",
		"_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Write$GT$9write_str17h0123456789abcdefE": "<alloc::string::String as core::fmt::Write>::write_str",
		"handle": "handle", "_ZN": "_ZN", "_ZN4coreX": "_ZN4coreX", "_ZN99999999999999999999aE": "_ZN99999999999999999999aE", "_ZN9shortE": "_ZN9shortE",
	} {
		if got := demangled(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Package devpgtest gives tests a real Postgres: one server per test binary, and a fresh database
// per test.
//
// A package that uses it has one TestMain:
//
//	func TestMain(m *testing.M) { devpgtest.Main(m, devpgtest.WithTemplate(migrate)) }
//
// and its tests call Database. The server starts with the first call and goes away with the test
// binary, however that ends. What a killed run leaves on disk, a later run removes.
package devpgtest

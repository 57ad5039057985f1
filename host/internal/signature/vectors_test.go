package signature_test

// Made by minisign 0.11 itself: a key without a password, signatures by it, and
// a key whose password was hashed with little memory (ulimit -v), so that the
// tests need not take 1 GiB for each.
const (
	vectorData = "the bytes of a module\n"

	vectorPublic = "untrusted comment: minisign public key 1B4C3CBE80A28BE6\n" +
		"RWTmi6KAvjxMG4QKwHfeO22r3re9CYfa4o/nTUUdyNGRWVHUcF65R5+z\n"
	vectorID = "1B4C3CBE80A28BE6"

	vectorSecret = "untrusted comment: minisign encrypted secret key\n" +
		"RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA5ouigL48TBv7vuOgmCcYFAlr+i6L09osuIjDfORuHIHImMypSVtxsoQKwHfeO22r3re9CYfa4o/nTUUdyNGRWVHUcF65R5+zAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

	vectorSignature = "untrusted comment: signature from lessee\n" +
		"RUTmi6KAvjxMGxMK7IJXo2AVowcSj9WsN6gej10rKF9aTC6SaoFJddM4Adj43ymicA+yhL8NCxyS+WZY6Mqj3Pybaehg2G1k8Q8=\n" +
		"trusted comment: timestamp:1790000000\tfile:m.wasm\thashed\n" +
		"9iOEKWtdsT1SaAfJeqlOeDJGBUf0QP55L+BSAKX6B1mO55cDuFEgzSUkT2mA2PBMvemW15Pbvm/FVp/NwbOsBA==\n"

	vectorLegacySignature = "untrusted comment: signature from minisign secret key\n" +
		"RWTmi6KAvjxMG3X1G0Es4WiI0k/SjG8wJaXeatFUVPZLObpj/2CA2l/pX1Wuyilf8W3E2irkbJzMrPbKT1QPuhAPZmWTc4u82Ak=\n" +
		"trusted comment: timestamp:1795336955\tfile:m.wasm\n" +
		"cYHKGe9eqqBNa0Td4FRJAUPlbZW/qML0ZKFSihGI8TqjZlqy0ZGsK5pPlbgqlGOBJ+Lci6gHQeNrkKF8dMGAAw==\n"

	protectedPassword = "correct horse"
	protectedPublic   = "RWQfEfmpa1riYXfdR8D/Juhcjd9V+hcEHXfqXuVCRCer7S3S1MafsLuP"
	protectedSecret   = "untrusted comment: minisign encrypted secret key\n" +
		"RWRTY0IywShWt6hGbJIUATxMSMMXCf346NGRR+1qiedzlE8p9x0AABAAAAAAAAAAAAIAAAAAyR638LuR3+I8+fVaEOIlxNRKm0A3hwZUaJf86jgdOgWxVGT3TWFpcydom+/S1pXkk/au4q7eJSqkuq1nVelSXEzO9PKinWg2sFrLEhWhZ45XqMennblRMMn5ugcGaXz2489lXRKv8Kk=\n"
)

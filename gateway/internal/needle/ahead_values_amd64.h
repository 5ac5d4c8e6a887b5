	// What every byte would stand for if it began a token of its type, in Z9: two hex digits,
	// which as many places on, by type; what a letter stands for; two bytes of UTF-8.
	VPTESTMB Z17, Z10, K1
	VPANDQ Z18, Z10, Z5
	VPADDB Z19, Z5, K1, Z5
	VPERMB Z5, Z11, Z8
	VPSLLW $4, Z5, Z6
	VPTERNLOGQ $0xea, Z8, Z23, Z6 // Z6 & Z23 | Z8
	VPANDQ Z18, Z9, Z1
	VBROADCASTI32X4 digits<>(SB), Z2
	VPSHUFB Z1, Z2, Z1
	VPADDB Z11, Z1, Z1
	VPSLLW $(7-const_typeShort), Z9, Z3
	VPMOVB2M Z3, K5
	VPSLLW $(7-const_typePercents), Z9, Z3
	VPMOVB2M Z3, K2
	VPERMB Z6, Z1, Z9
	VPERMB Z6, Z13, K2, Z9
	VBROADCASTI32X4 percent<>(SB), Z1
	VPCMPEQB Z1, Z9, K4
	VPERMB Z10, Z11, Z7 // the bytes behind
	VMOVDQU64 lookups_letters(AX), Z5
	VMOVDQA64 Z7, Z8
	VPERMI2B (lookups_letters+64)(AX), Z5, Z8
	VMOVDQU8 Z8, K5, Z9
	VBROADCASTI32X4 even<>(SB), Z0
	VBROADCASTI32X4 lead<>(SB), Z1
	VPANDQ Z0, Z10, Z0
	VPCMPEQB Z1, Z0, K6
	VPCMPGTB Z7, Z31, K6, K6 // as numbers with a sign, those that go on are the least
	VPSLLW $6, Z10, Z5
	VPTERNLOGQ $0xd8, Z24, Z7, Z5 // Z7 where Z24 has bits, Z5 where it has none
	VMOVDQU8 Z5, K6, Z9

	MOVQ CLASS(const_classAmp), DX
	TESTQ DX, DX
	JZ   valued

	// So with references. In Z3, Z4, Z5 and Z8: one digit, two, three, and two of hex.
	PLACES
	AMP_ROLE(0, Z0)
	AMP_ROLE(1, Z1)
	AMP_ROLE(2, Z2)
	AMP_ROLE(3, Z3)
	AMP_ROLE(4, Z4)
	AMP_ROLE(5, Z5)
	VPTERNLOGQ $0x80, Z2, Z1, Z0
	VPTERNLOGQ $0x80, Z4, Z3, Z0
	VPANDQ Z5, Z0, Z0
	VPANDQ Z18, Z10, Z1
	VPSLLW $3, Z1, Z2
	VPADDB Z1, Z1, Z3
	VPADDB Z3, Z2, Z2
	VPERMB Z1, Z11, Z3
	VPADDB Z3, Z2, Z2
	VPERMB Z1, Z12, Z3
	VPERMB Z2, Z12, Z4
	VPERMB Z2, Z13, Z5
	VPERMB Z6, Z13, Z8
	VPXORQ Z2, Z2, Z2
	VPSUBB Z3, Z2, Z2
	VBROADCASTI32X4 hundred<>(SB), Z1
	VPANDQ Z1, Z2, Z2
	VPADDB Z2, Z5, Z5
	VPTESTMB Z0, Z0, K5
	VMOVDQU8 Z3, K5, Z9
	REFERENCE_IS(const_typeTwo, Z4)
	REFERENCE_IS(const_typeThree, Z5)
	REFERENCE_IS(const_typeHex, Z8)
	VBROADCASTI32X4 lookups_names(AX), Z2
	VPANDQ Z18, Z7, Z1
	VPSHUFB Z1, Z2, Z2
	REFERENCE_IS(const_typeAmp, Z2)
	REFERENCE_IS(const_typeLess, Z2)
	VBROADCASTI32X4 quote<>(SB), Z2
	REFERENCE_IS(const_typeQuot, Z2)
	VBROADCASTI32X4 amp<>(SB), Z2
	VPCMPEQB Z2, Z9, K5, K5
	KMOVQ K5, AMPS
	VBROADCASTI32X4 hash<>(SB), Z2
	VPCMPEQB Z2, Z10, K1
	KMOVQ K1, HASHES
	REVERSE_AND_TURN(Z0)
	VMOVDQU64 Z0, REFERENCES

valued:
	// What the values are, in Z1.
	MOVQ strange+48(FP), BX
	VMOVDQU64 (BX), Z2
	VMOVDQU64 128(BX), Z3
	VMOVDQA64 Z9, Z1
	VMOVDQA64 Z9, Z4
	VPMOVB2M Z9, K1
	VPERMI2B 64(BX), Z2, Z1
	VPERMI2B 192(BX), Z3, Z4
	VMOVDQU8 Z4, K1, Z1
	VBROADCASTI32X4 unfit<>(SB), Z2
	VPTESTMB Z2, Z1, K1

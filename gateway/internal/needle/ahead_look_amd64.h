	// What types of tokens begin at each byte, in Z9 and in TYPES, and what classes it is of.
	// What is above ASCII has the roles of DEL, which are none.
	MOVQ look+40(FP), AX
	VMOVDQU64 (SI), Z10
	PLACES
	ROLE(0, Z25, Z0)
	ROLE(1, Z26, Z1)
	ROLE(2, Z27, Z2)
	ROLE(3, Z28, Z3)
	ROLE(4, Z29, Z4)
	ROLE(5, Z30, Z5)
	VPSLLW $(7-const_typeFour), Z5, Z6
	VPMOVB2M Z6, K3 // whether the fifth behind is a hex digit
	VPTERNLOGQ $0x80, Z2, Z1, Z0 // of all three
	VPTERNLOGQ $0x80, Z4, Z3, Z0
	VPANDQ Z5, Z0, Z0
	VMOVDQA64 Z0, Z9
	REVERSE_AND_TURN(Z0)
	VMOVDQU64 Z0, TYPES
	VPSHUFB Z20, Z10, Z0
	VPMOVB2M Z0, K1
	LOOK_UP_AND_TURN(AX, lookups_class)
	VMOVDQU64 Z1, CLASSES

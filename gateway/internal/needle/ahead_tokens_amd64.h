	// Tokens: R11 a backslash and a letter, R12 two digits, R15 \x, CX \u00, AX two bytes of
	// UTF-8, R10 longer ones; R13 backslashes, each but the last of a row. R14: where one may
	// begin.
	MOVQ MASK, R14
	ANDNQ R14, R8, R14
	MOVQ CLASS(const_classBackslash), R13
	MOVQ R13, DX
	SHRQ $1, DX
	ANDQ DX, R13
	ANDQ R14, R13
	MOVQ R13, BACKS
	MOVQ TYPE(const_typeShort), R11
	ANDQ R14, R11
	LEAQ (R11)(R11*1), DX
	ANDNQ R14, DX, R14
	MOVQ R14, STARTS
	MOVQ TYPE(const_typePercents), R10
	ANDQ R14, R10
	MOVQ TYPE(const_typeHexes), R12
	ANDQ R14, R12
	ANDNQ R12, R10, R12
	KMOVQ K3, DX
	MOVQ DX, R9
	SHRQ $1, R9
	ANDQ R9, DX
	KMOVQ K4, R9
	ANDQ R9, DX
	ANDQ R10, DX // those that go on once more
	XORQ DX, R10
	MOVQ R10, DONE
	LEAQ (R10)(R10*2), R9
	LEAQ (R9*4), R10
	ORQ  R9, R10
	ADDQ R10, R10
	MOVQ R10, OUT
	MOVQ DX, R10
	MOVQ TYPE(const_typeX), R15
	ANDQ R14, R15
	MOVQ TYPE(const_typeFour), CX
	ANDQ R14, CX
	MOVQ TYPE(const_typeU), DX
	ANDQ R14, DX
	ANDNQ DX, CX, DX
	ORQ  DX, R10
	MOVQ TYPE(const_typeDecimal), DX
	ORQ  TYPE(const_typeNumber), DX
	ANDQ R14, DX
	ORQ  DX, R10
	KMOVQ K6, AX
	ANDQ CLASS(const_classMember), AX
	ANDQ R14, AX

	MOVQ CLASS(const_classAmp), R9
	ANDQ R14, R9
	JZ   referred

	// References of three to six bytes: R13, BX, DX, R9. One that is an "&" itself, with what
	// goes on behind it, is a longer one.
	MOVQ AX, LATIN
	MOVQ REFERENCE(const_typeOpen), R13
	ANDQ R14, R13
	MOVQ REFERENCE(const_typeDigit), BX
	ORQ  REFERENCE(const_typeLess), BX
	ANDQ R14, BX
	MOVQ REFERENCE(const_typeTwo), DX
	ORQ  REFERENCE(const_typeAmp), DX
	ANDQ R14, DX
	MOVQ R9, AX
	MOVQ REFERENCE(const_typeThree), R9
	ORQ  REFERENCE(const_typeHex), R9
	ORQ  REFERENCE(const_typeQuot), R9
	ANDQ R14, R9
	MOVQ AX, STARTED
	MOVQ CLASS(const_classLetter), R14
	ORQ  HASHES, R14
	SHRQ $4, R14
	MOVQ AMPS, AX
	ANDQ R14, AX
	ANDNQ BX, AX, BX
	SHRQ $1, R14
	MOVQ AMPS, AX
	ANDQ R14, AX
	ANDNQ DX, AX, DX
	SHRQ $1, R14
	MOVQ AMPS, AX
	ANDQ R14, AX
	ANDNQ R9, AX, R9
	ORQ  R9, DX // of five or six
	ORQ  DX, BX // of four to six
	MOVQ BX, AX
	ORQ  R13, AX
	ORQ  AX, DONE
	ADDQ AX, AX
	MOVQ AX, R14
	ADDQ AX, AX
	ORQ  AX, R14
	SHLQ $3, BX
	ORQ  BX, R14
	SHLQ $4, DX
	ORQ  DX, R14
	SHLQ $5, R9
	ORQ  R9, R14
	ORQ  R14, OUT

	// Names: a sum carries each "&" with a letter behind it to what ends its letters.
	MOVQ CLASS(const_classLetter), R9
	MOVQ R9, R14
	SHRQ $1, R14
	ANDQ STARTED, R14
	LEAQ (R14)(R14*1), DX
	ADDQ R9, DX
	SBBQ BX, BX // all ones where the last has no end here,
	MOVQ R14, R13
	SHRQ $const_lastNamed, R13
	NEGQ R13
	SBBQ R13, R13
	ANDQ R13, BX // and may be a name
	ANDNQ DX, R9, DX
	POPCNTQ DX, R9
	SHLXQ R9, BX, BX
	MOVQ CLASS(const_classSemicolon), R9
	PEXTQ DX, R9, R9
	ORQ  BX, R9
	PDEPQ R14, R9, R9
	ORQ  R9, R10
	MOVQ DONE, DX
	ANDNQ R10, DX, R10
	MOVQ BACKS, R13
	MOVQ LATIN, AX

referred:
	MOVQ R10, LONG

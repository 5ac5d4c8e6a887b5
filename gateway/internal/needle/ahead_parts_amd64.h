	// Values that are joints, or are of no form.
strange:
	VMOVDQA64 Z1, Z0
	REVERSE_AND_TURN(Z0)
	VPBROADCASTQ R11, Z2
	VPANDQ Z2, Z0, Z0
	VMOVDQU64 Z0, VALUES
	ORQ  VALUE(const_valueZero), R12
	ORQ  VALUE(const_valueBorder), CX
	JMP  known

	// AX: LF, R11: CR, R15: both. Behind what is kept an end of a line is nothing; a sum
	// carries each to what is next, and where that is another, it is a border (writer.blank).
lines:
	MOVQ f+0(FP), R15
	CMPB folder_lined(R15), $0
	JNE  block
	VBROADCASTI32X4 lf<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, AX
	VBROADCASTI32X4 cr<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, R11
	VBROADCASTI32X4 equal<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, R15
	ANDQ CLASS(const_classSpecial), R15
	ANDQ STARTS, R15
	MOVQ AX, R12
	ORQ  R11, R12
	SHRQ $1, R12
	ANDQ R12, R15 // soft ends of lines
	ANDNQ R14, R15, R14
	ANDQ MASK, AX
	ANDQ MASK, R11
	ORQ  VALUE(const_valueLF), AX
	ORQ  VALUE(const_valueCR), R11
	MOVQ AX, R15
	ORQ  R11, R15
	ANDNQ R14, R15, R14
	ORQ  R15, R13
	MOVQ R14, R12
	ORQ  R15, R12
	ORQ  CX, R12
	NOTQ R12
	MOVQ R12, NOTHING
	MOVLQZX writer_last(BX), DX
	XORL R12, R12
	CMPQ DX, $13
	SETEQ R12
	LEAQ (R12)(R11*2), R12
	ADDQ NOTHING, R12
	ANDQ AX, R12 // the LF of CR LF
	NEGQ DX
	MOVQ R15, DX
	ADCQ DX, DX
	ADDQ NOTHING, DX
	ANDQ R15, DX
	ANDNQ DX, R12, DX
	ORQ  DX, CX
	MOVLQZX writer_last(BX), DX
	MOVQ NOTHING, R12
	NOTQ R12
	BSRQ R12, R12
	JEQ  kept
	BTQ  R12, AX
	SBBQ AX, AX
	ANDQ $10, AX
	BTQ  R12, R11
	SBBQ DX, DX
	ANDQ $13, DX
	ORQ  AX, DX

kept:
	MOVQ DX, LAST
	JMP  joined

	// The first border, AX, ends a part that began before, and behind the last one, R15, one
	// begins. Of those between, R8 are what stays: parts that are long enough and not as they
	// stand in the parent, each with a border.
parts:
	MOVQ R9, STEP
	BLSIQ CX, AX
	LZCNTQ CX, R11
	MOVQ $1<<63, R15
	SHRXQ R11, R15, R15
	XORQ R8, R8
	MOVQ R8, ENDS
	CMPQ AX, R15
	JEQ  ends
	LEAQ -1(AX)(AX*1), R11
	LEAQ -1(R15), R12
	ANDNQ R12, R11, R12
	TESTQ R12, R13
	JZ   ends
	ANDNQ R12, CX, R12
	MOVQ R12, R11
	MOVQ f+0(FP), CX
	MOVQ folder_c(CX), CX
	FOLLOWED(0)
	FOLLOWED(1)
	FOLLOWED(2)
	FOLLOWED(3)
	FOLLOWED(4)
	FOLLOWED(5)
	TESTQ R11, R11
	JZ   ends

part:
	BLSIQ R11, DX
	LEAQ -1(DX), CX
	ANDNQ R12, CX, CX
	ADDQ DX, CX // carries to the border behind it
	BLSIQ CX, CX
	NEGQ DX
	ADDQ CX, DX
	ANDNQ R11, DX, R11
	TESTQ DX, R13
	JZ   dropped
	MOVQ DX, R9
	ANDQ R14, R9
	POPCNTQ R9, R9
	CMPQ R9, writer_shortest(BX)
	JLT  dropped
	ORQ  DX, R8
	ORQ  CX, R8
	ORQ  CX, ENDS

dropped:
	TESTQ R11, R11
	JNZ  part

ends:
	LEAQ -1(R15)(R15*1), R11
	ANDNQ R14, R11, R15 // what is kept behind
	ANDNQ R13, R11, R12
	MOVQ R14, R9
	ORQ  ENDS, R9
	ANDQ R9, R8
	DECQ AX
	ANDQ AX, R14 // and in front
	ANDQ AX, R13
	INCQ AX
	MOVQ writer_buf(BX), CX
	ADDQ writer_first(BX), CX // where the part begins
	MOVBQZX writer_escaped(BX), DX
	ORQ  DX, R13
	TESTQ R12, R12
	SETNE writer_escaped(BX)
	TESTQ R13, R13
	JZ   drop
	POPCNTQ R14, R11
	ADDQ DI, R11
	SUBQ CX, R11
	CMPQ R11, writer_shortest(BX)
	JLT  drop
	ORQ  AX, R14
	ORQ  AX, ENDS

ended:
	ORQ  R8, R14
	POPCNTQ R14, R11
	ADDQ DI, R11
	SUBQ writer_buf(BX), R11
	MOVQ R11, writer_first(BX)
	MOVQ writer_v(BX), DX
	MOVBQZX view_end(DX), DX
	VPBROADCASTB DX, Z0
	KMOVQ ENDS, K1
	VMOVDQU8 Z0, K1, Z9
	ORQ  R15, R14
	MOVQ STEP, R9
	JMP  pack

drop:
	MOVQ DI, R11
	SUBQ writer_buf(BX), R11
	ADDQ $const_slack, R11
	CMPQ R11, (writer_buf+16)(BX)
	CMOVQGT (writer_buf+16)(BX), R11
	MOVQ writer_v(BX), DX
	CMPQ R11, view_used(DX)
	CMOVQLT view_used(DX), R11
	MOVQ R11, view_used(DX)
	MOVQ CX, DI
	XORQ R14, R14
	JMP  ended

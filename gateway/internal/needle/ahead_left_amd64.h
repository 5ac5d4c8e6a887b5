	// What decide would say of the block, for finish.
	MOVQ f+0(FP), BX
	VMOVDQU64 Z9, folder_b(BX)
	LEAQ folder_block(BX), DX
	REVERSE_AND_TURN(Z1)
	MOVQ block_short(DX), R11
	ORQ  block_hexes(DX), R11
	ORQ  block_x(DX), R11
	ORQ  block_four(DX), R11
	ORQ  block_latin(DX), R11
	MOVQ DONE, AX
	MOVQ AX, block_done(DX)
	ORQ  AX, R11
	VPBROADCASTQ R11, Z2
	VPANDQ Z2, Z1, Z1
	VMOVDQU64 Z1, block_values(DX)
	MOVQ LONG, AX
	MOVQ AX, block_long(DX)
	MOVQ BACKS, R13
	MOVQ R13, block_backs(DX)
	ORQ  R8, R13
	ORQ  OUT, R13
	MOVQ R13, block_gone(DX)

	// Joints: the second of two zeros is none.
	VBROADCASTI32X4 lf<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, R11
	MOVQ R11, block_lf(DX)
	VBROADCASTI32X4 cr<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, R12
	MOVQ R12, block_cr(DX)
	ORQ  R12, R11
	VBROADCASTI32X4 equal<>(SB), Z0
	VPCMPEQB Z0, Z10, K1
	KMOVQ K1, R12
	ANDQ CLASS(const_classSpecial), R12
	ANDQ STARTS, R12
	MOVQ R11, R10
	SHRQ $1, R10
	ANDQ R10, R12
	MOVQ R12, block_soft(DX)
	MOVQ CLASS(const_classJoint), R12
	ANDNQ R12, R11, R12
	MOVQ R12, block_zero(DX)
	MOVQ CLASS(const_classMember), CX
	NOTQ CX
	LEAQ (R12)(R12*1), R10
	ANDQ R12, R10
	ORQ  R10, CX
	TESTQ $1, R12
	JZ   unpaired
	CMPQ SI, PARENT
	JEQ  unpaired
	CMPB -1(SI), $0
	JNE  unpaired
	ORQ  $1, CX

unpaired:
	MOVQ CX, block_others(DX)
	MOVQ $const_aheadBlock, AX

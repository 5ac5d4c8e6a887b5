#include "go_asm.h"
#include "textflag.h"
#include "look_amd64.h"

// func kindsGFNI(b *byte, tables *[256]byte, n int, in *uint64)
TEXT ·kindsGFNI(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), SI
	MOVQ tables+8(FP), DI
	MOVQ n+16(FP), CX
	MOVQ in+24(FP), DX
	SETUP_TURN
	VMOVDQU64 (SI), Z0
	VPSHUFB Z20, Z0, Z0
	VPMOVB2M Z0, K1

table:
	LOOK_UP_AND_TURN(DI, 0)
	VMOVDQU64 Z1, (DX)
	ADDQ $256, DI
	ADDQ $64, DX
	DECQ CX
	JNZ  table
	VZEROUPPER
	RET

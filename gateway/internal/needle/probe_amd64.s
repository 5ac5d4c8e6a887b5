#include "go_asm.h"
#include "textflag.h"

// Whether the gram at 0(SI) may be in the filter: out's lowest bit. It steps on.
#define GRAM(out) \
	MOVQ 0(SI), AX; \
	ADDQ R9, SI; \
	ORQ  R10, AX; \
	ANDQ R11, AX; \
	IMULQ R12, AX; \
	SHRXQ R13, AX, BX; \
	MOVQ 0(DI)(BX*8), DX; \
	MOVQ AX, BX; \
	SHRQ $20, AX; \
	SHRQ $14, BX; \
	SHRXQ AX, DX, AX; \
	SHRXQ BX, DX, out; \
	ANDQ AX, out

// func probeBMI2(b *byte, p, last int, e *engine) int
TEXT ·probeBMI2(SB), NOSPLIT, $0-40
	MOVQ b+0(FP), R8
	MOVQ p+8(FP), SI
	MOVQ last+16(FP), CX
	MOVQ e+24(FP), AX
	MOVQ engine_key(AX), R12
	MOVQ engine_gram(AX), R11
	MOVQ engine_stride(AX), R9
	MOVBQZX engine_shift(AX), R13
	MOVQ engine_filter(AX), DI
	MOVQ $0x2020202020202020, R10
	ADDQ R8, SI
	ADDQ R8, CX
	LEAQ (R9)(R9*2), R15
	SUBQ R15, CX // the last place that three more follow

four:
	CMPQ SI, CX
	JGT  rest
	GRAM(R14)
	GRAM(R15)
	ORQ  R15, R14
	GRAM(R15)
	ORQ  R15, R14
	GRAM(R15)
	ORQ  R15, R14
	TESTQ $1, R14
	JZ   four
	LEAQ (R9*4), R15
	SUBQ R15, SI // it is one of the four

rest:
	LEAQ (R9)(R9*2), R15
	ADDQ R15, CX

one:
	CMPQ SI, CX
	JGT  done
	GRAM(R14)
	TESTQ $1, R14
	JZ   one
	SUBQ R9, SI

done:
	SUBQ R8, SI
	MOVQ SI, ret+32(FP)
	RET

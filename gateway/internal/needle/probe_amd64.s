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

// func probeVBMI(b *byte, p, last int, e *engine) int
TEXT ·probeVBMI(SB), NOSPLIT, $0-40
	MOVQ b+0(FP), R8
	MOVQ p+8(FP), SI
	MOVQ last+16(FP), CX
	MOVQ e+24(FP), AX
	MOVQ engine_stride(AX), R9
	MOVQ engine_few(AX), DI
	VPBROADCASTQ engine_key(AX), Z10
	VPBROADCASTQ engine_gram(AX), Z11
	VMOVDQU64 few_places(DI), Z12
	VMOVDQU64 few_buckets(DI), Z16
	VMOVDQU64 (few_buckets+64)(DI), Z17
	VMOVDQU64 (few_buckets+128)(DI), Z18
	VMOVDQU64 (few_buckets+192)(DI), Z19
	VMOVDQU64 (few_buckets+256)(DI), Z20
	VMOVDQU64 (few_buckets+320)(DI), Z21
	MOVQ $0x2020202020202020, R10
	VPBROADCASTQ R10, Z13
	MOVQ $0xff00000000000000, R10
	VPBROADCASTQ R10, Z15
	ADDQ R8, SI
	LEAQ -120(R8)(CX*1), CX // the last place that 128 bytes follow
	LEAQ (R9*8), R11

eight:
	CMPQ SI, CX
	JGT  behind
	VMOVDQU64 (SI), Z0
	VMOVDQA64 Z12, Z1
	VPERMI2B 64(SI), Z0, Z1
	VPTERNLOGQ $0xc8, Z13, Z11, Z1 // (Z1 | Z13) & Z11
	VPMULLQ Z10, Z1, Z1
	VPSLLQ $8, Z1, Z2
	VPSLLQ $16, Z1, Z3
	VPERMI2B Z17, Z16, Z1
	VPERMI2B Z19, Z18, Z2
	VPERMI2B Z21, Z20, Z3
	VPTERNLOGQ $0x80, Z3, Z2, Z1
	VPTESTMQ Z15, Z1, K1
	KMOVB K1, AX
	ADDQ R11, SI
	TESTB AX, AX
	JZ   eight
	SUBQ R11, SI // it is one of the eight
	TZCNTL AX, AX
	IMULQ R9, AX
	ADDQ AX, SI

behind:
	SUBQ R8, SI
	MOVQ SI, ret+32(FP)
	VZEROUPPER
	RET

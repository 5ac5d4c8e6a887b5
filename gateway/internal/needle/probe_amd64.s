#include "go_asm.h"
#include "textflag.h"

DATA folded<>+0(SB)/8, $0x2020202020202020
GLOBL folded<>(SB), RODATA|NOPTR, $8

// Whether the gram at 0(SI) may be in the filter: out's lowest bit. It steps on.
#define GRAM(out) \
	MOVQ 0(SI), AX; \
	ADDQ R9, SI; \
	ORQ  folded<>(SB), AX; \
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

// The same, and the place goes to the list at R10 if it may.
#define LIST_GRAM \
	GRAM(R14); \
	MOVQ SI, AX; \
	SUBQ R9, AX; \
	SUBQ R8, AX; \
	MOVL AX, (R10); \
	ANDQ $1, R14; \
	LEAQ (R10)(R14*4), R10

// Where a list is full: eight more may not fit.
#define FULL ((const_seen-8)*4)

// func probeBMI2(b *byte, p, last int, e *engine, list *int32) (n, next int)
TEXT ·probeBMI2(SB), NOSPLIT, $8-56
	MOVQ b+0(FP), R8
	MOVQ p+8(FP), SI
	MOVQ last+16(FP), CX
	MOVQ e+24(FP), AX
	MOVQ engine_key(AX), R12
	MOVQ engine_gram(AX), R11
	MOVQ engine_stride(AX), R9
	MOVBQZX engine_shift(AX), R13
	MOVQ engine_filter(AX), DI
	MOVQ list+32(FP), R10
	LEAQ FULL(R10), AX
	MOVQ AX, full-8(SP)
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
	SUBQ R15, SI // some of the four
	LIST_GRAM
	LIST_GRAM
	LIST_GRAM
	LIST_GRAM
	CMPQ R10, full-8(SP)
	JLS  four
	JMP  done

rest:
	LEAQ (R9)(R9*2), R15
	ADDQ R15, CX

one:
	CMPQ SI, CX
	JGT  done
	LIST_GRAM
	JMP  one

done:
	SUBQ list+32(FP), R10
	SHRQ $2, R10
	MOVQ R10, n+40(FP)
	SUBQ R8, SI
	MOVQ SI, next+48(FP)
	RET

DATA lanes<>+0(SB)/8, $0x0000000100000000
DATA lanes<>+8(SB)/8, $0x0000000300000002
DATA lanes<>+16(SB)/8, $0x0000000500000004
DATA lanes<>+24(SB)/8, $0x0000000700000006
GLOBL lanes<>(SB), RODATA|NOPTR, $32

// What both loops over eight grams at a time begin with. CX: the last place that 128 bytes
// follow.
#define SETUP_EIGHT \
	MOVQ b+0(FP), R8; \
	MOVQ p+8(FP), SI; \
	MOVQ last+16(FP), CX; \
	MOVQ e+24(FP), AX; \
	MOVQ engine_stride(AX), R9; \
	MOVQ engine_few(AX), DI; \
	VPBROADCASTQ engine_key(AX), Z10; \
	VPBROADCASTQ engine_gram(AX), Z11; \
	VMOVDQU64 few_places(DI), Z12; \
	MOVQ $0x2020202020202020, R10; \
	VPBROADCASTQ R10, Z13; \
	MOVQ $0xff00000000000000, R10; \
	VPBROADCASTQ R10, Z15; \
	VPBROADCASTD R9, Y14; \
	VPMULLD lanes<>(SB), Y14, Y14; \
	MOVQ list+32(FP), DX; \
	LEAQ FULL(DX), R12; \
	ADDQ R8, SI; \
	LEAQ -120(R8)(CX*1), CX; \
	LEAQ (R9*8), R11

// The hashes of the next eight grams in Z0.
#define HASH_EIGHT \
	VMOVDQU64 (SI), Z1; \
	VMOVDQA64 Z12, Z0; \
	VPERMI2B 64(SI), Z1, Z0; \
	VPTERNLOGQ $0xc8, Z13, Z11, Z0; /* (Z0 | Z13) & Z11 */ \
	VPMULLQ Z10, Z0, Z0

// Those of the eight that have a bucket in the highest byte of Z0 go to the list at DX.
#define LIST_EIGHT(more) \
	VPTESTMQ Z15, Z0, K1; \
	KMOVB K1, AX; \
	MOVQ SI, BX; \
	ADDQ R11, SI; \
	TESTB AX, AX; \
	JZ   more; \
	SUBQ R8, BX; \
	VPBROADCASTD BX, Y9; \
	VPADDD Y14, Y9, Y9; \
	VPCOMPRESSD.Z Y9, K1, Y9; \
	VMOVDQU Y9, (DX); \
	POPCNTL AX, AX; \
	LEAQ (DX)(AX*4), DX; \
	CMPQ DX, R12; \
	JLS  more

// What both end with.
#define LISTED \
	SUBQ list+32(FP), DX; \
	SHRQ $2, DX; \
	MOVQ DX, n+40(FP); \
	SUBQ R8, SI; \
	MOVQ SI, next+48(FP); \
	VZEROUPPER; \
	RET

// func probeFew(b *byte, p, last int, e *engine, list *int32) (n, next int)
TEXT ·probeFew(SB), NOSPLIT, $0-56
	SETUP_EIGHT
	VMOVDQU64 few_buckets(DI), Z16
	VMOVDQU64 (few_buckets+64)(DI), Z17
	VMOVDQU64 (few_buckets+256)(DI), Z18
	VMOVDQU64 (few_buckets+320)(DI), Z19
	VMOVDQU64 (few_buckets+512)(DI), Z20
	VMOVDQU64 (few_buckets+576)(DI), Z21

eight:
	CMPQ SI, CX
	JGT  done
	HASH_EIGHT
	VPSLLQ $8, Z0, Z2
	VPSLLQ $16, Z0, Z3
	VPERMI2B Z17, Z16, Z0
	VPERMI2B Z19, Z18, Z2
	VPERMI2B Z21, Z20, Z3
	VPTERNLOGQ $0x80, Z3, Z2, Z0
	LIST_EIGHT(eight)

done:
	LISTED

// The bucket of each hash's highest byte, of 256, in out.
#define BUCKET(hash, a, b, c, d, out) \
	VPMOVQ2M hash, K1; \
	VMOVDQA64 hash, out; \
	VMOVDQA64 hash, Z9; \
	VPERMI2B b, a, out; \
	VPERMI2B d, c, Z9; \
	VMOVDQA64 Z9, K1, out

// func probeSome(b *byte, p, last int, e *engine, list *int32) (n, next int)
TEXT ·probeSome(SB), NOSPLIT, $0-56
	SETUP_EIGHT
	VMOVDQU64 few_buckets(DI), Z16
	VMOVDQU64 (few_buckets+64)(DI), Z17
	VMOVDQU64 (few_buckets+128)(DI), Z18
	VMOVDQU64 (few_buckets+192)(DI), Z19
	VMOVDQU64 (few_buckets+256)(DI), Z20
	VMOVDQU64 (few_buckets+320)(DI), Z21
	VMOVDQU64 (few_buckets+384)(DI), Z22
	VMOVDQU64 (few_buckets+448)(DI), Z23
	VMOVDQU64 (few_buckets+512)(DI), Z24
	VMOVDQU64 (few_buckets+576)(DI), Z25
	VMOVDQU64 (few_buckets+640)(DI), Z26
	VMOVDQU64 (few_buckets+704)(DI), Z27
	VMOVDQU64 (few_buckets+768)(DI), Z28
	VMOVDQU64 (few_buckets+832)(DI), Z29
	VMOVDQU64 (few_buckets+896)(DI), Z30
	VMOVDQU64 (few_buckets+960)(DI), Z31

eight:
	CMPQ SI, CX
	JGT  done
	HASH_EIGHT
	VPSLLQ $8, Z0, Z1
	VPSLLQ $16, Z0, Z2
	VPSLLQ $24, Z0, Z3
	BUCKET(Z0, Z16, Z17, Z18, Z19, Z4)
	BUCKET(Z1, Z20, Z21, Z22, Z23, Z5)
	BUCKET(Z2, Z24, Z25, Z26, Z27, Z6)
	BUCKET(Z3, Z28, Z29, Z30, Z31, Z0)
	VPTERNLOGQ $0x80, Z5, Z4, Z0
	VPANDQ Z6, Z0, Z0
	LIST_EIGHT(eight)

done:
	LISTED

// What the files beside it share.

// 32 bytes of one value, eight times over.
#define EIGHT(name, v) \
	DATA name<>+0(SB)/8, $v; \
	DATA name<>+8(SB)/8, $v; \
	DATA name<>+16(SB)/8, $v; \
	DATA name<>+24(SB)/8, $v; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

// 32 bytes, of two halves that are the same.
#define TWICE(name, one, two) \
	DATA name<>+0(SB)/8, $one; \
	DATA name<>+8(SB)/8, $two; \
	DATA name<>+16(SB)/8, $one; \
	DATA name<>+24(SB)/8, $two; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

EIGHT(nibble, 0x0f0f0f0f0f0f0f0f)

// Moves those of the eight bytes at off(SI) that the lowest bits of CX keep to (DI), by
// the table of places at BX.
#define PACK(off) \
	MOVBLZX CX, R9; \
	VMOVQ off(SI), X0; \
	VMOVQ (BX)(R9*8), X1; \
	VPSHUFB X1, X0, X0; \
	VMOVQ X0, (DI); \
	POPCNTQ R9, R9; \
	ADDQ R9, DI; \
	SHRQ $8, CX

#define PACK_ALL \
	PACK(0); \
	PACK(8); \
	PACK(16); \
	PACK(24); \
	PACK(32); \
	PACK(40); \
	PACK(48); \
	PACK(56)

#define IN_A_ROW(n) \
	MOVQ R8, R9; \
	SHRQ $n, R9; \
	ANDQ R9, R8

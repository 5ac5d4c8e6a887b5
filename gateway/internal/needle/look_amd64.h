// What looks each of 64 bytes up, for processors that can do so at once.

// Bytes of a word in reverse, in each of eight.
DATA reversed<>+0(SB)/8, $0x0001020304050607
DATA reversed<>+8(SB)/8, $0x08090a0b0c0d0e0f
GLOBL reversed<>(SB), RODATA|NOPTR, $16

// 1<<i in byte i.
DATA diagonal<>+0(SB)/8, $0x8040201008040201
GLOBL diagonal<>(SB), RODATA|NOPTR, $8

// Byte 8*i+j of 64 is byte 8*j+i.
DATA columns<>+0(SB)/8, $0x3830282018100800
DATA columns<>+8(SB)/8, $0x3931292119110901
DATA columns<>+16(SB)/8, $0x3a322a221a120a02
DATA columns<>+24(SB)/8, $0x3b332b231b130b03
DATA columns<>+32(SB)/8, $0x3c342c241c140c04
DATA columns<>+40(SB)/8, $0x3d352d251d150d05
DATA columns<>+48(SB)/8, $0x3e362e261e160e06
DATA columns<>+56(SB)/8, $0x3f372f271f170f07
GLOBL columns<>(SB), RODATA|NOPTR, $64

#define SETUP_TURN \
	VBROADCASTI32X4 reversed<>(SB), Z20; \
	VPBROADCASTQ diagonal<>(SB), Z21; \
	VMOVDQU64 columns<>(SB), Z22

// Of 64 bytes in reversed words, Z0, of which K1 are above ASCII: each is looked up in
// the table at off(base); bit j of byte i is bit i of word j in Z1. The product of a matrix of
// bits with the diagonal is the matrix turned.
#define LOOK_UP_AND_TURN(base, off) \
	VMOVDQU64 off(base), Z2; \
	VMOVDQU64 (off+128)(base), Z3; \
	VMOVDQA64 Z0, Z1; \
	VPERMI2B (off+64)(base), Z2, Z1; \
	VMOVDQA64 Z0, Z4; \
	VPERMI2B (off+192)(base), Z3, Z4; \
	VMOVDQU8 Z4, K1, Z1; \
	VGF2P8AFFINEQB $0, Z1, Z21, Z1; \
	VPERMB Z1, Z22, Z1

// So without the lookup.
#define REVERSE_AND_TURN(b) \
	VPSHUFB Z20, b, b; \
	VGF2P8AFFINEQB $0, b, Z21, b; \
	VPERMB b, Z22, b

// Numbers from 0 on: those from n on are the places n bytes behind.
DATA place<>+0(SB)/8, $0x0706050403020100
DATA place<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA place<>+16(SB)/8, $0x1716151413121110
DATA place<>+24(SB)/8, $0x1f1e1d1c1b1a1918
DATA place<>+32(SB)/8, $0x2726252423222120
DATA place<>+40(SB)/8, $0x2f2e2d2c2b2a2928
DATA place<>+48(SB)/8, $0x3736353433323130
DATA place<>+56(SB)/8, $0x3f3e3d3c3b3a3938
DATA place<>+64(SB)/8, $0x4746454443424140
GLOBL place<>(SB), RODATA|NOPTR, $72

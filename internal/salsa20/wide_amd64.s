//go:build !purego

#include "textflag.h"

// Eight blocks at a time: each register has the same word of all of them, as
// numbered in the Salsa20 specification. Two words have no register.
#define W0 Y0
#define W1 Y1
#define W2 Y2
#define W3 Y3
#define W4 Y4
#define W5 Y5
#define W6 Y6
#define W7 Y7
#define W8 Y8
#define W9 Y9
#define W10 64(SP)
#define W11 Y10
#define W12 Y11
#define W13 Y12
#define W14 Y13
#define W15 224(SP)

// b ^= (a + d) <<< n, where m is 32 - n. MIX_IN is for a b without a register.
#define ADD_ROTATE(a, d, n, m) \
	VPADDD a, d, Y14;    \
	VPSLLD $n, Y14, Y15; \
	VPSRLD $m, Y14, Y14

#define MIX(b, a, d, n, m) \
	ADD_ROTATE(a, d, n, m); \
	VPXOR Y15, b, b;        \
	VPXOR Y14, b, b

#define MIX_IN(b, a, d, n, m) \
	ADD_ROTATE(a, d, n, m); \
	VPXOR Y15, Y14, Y14;    \
	VPXOR b, Y14, Y14;      \
	VMOVDQU Y14, b

// The four quarter-rounds of a round, step by step side by side.
#define ROUND(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3) \
	MIX(a1, a0, a3, 7, 25);     \
	MIX(b1, b0, b3, 7, 25);     \
	MIX(c1, c0, c3, 7, 25);     \
	MIX(d1, d0, d3, 7, 25);     \
	MIX(a2, a0, a1, 9, 23);     \
	MIX(b2, b0, b1, 9, 23);     \
	MIX(c2, c0, c1, 9, 23);     \
	MIX(d2, d0, d1, 9, 23);     \
	MIX(a3, a1, a2, 13, 19);    \
	MIX(b3, b1, b2, 13, 19);    \
	MIX(c3, c1, c2, 13, 19);    \
	MIX(d3, d1, d2, 13, 19);    \
	MIX(a0, a2, a3, 18, 14);    \
	MIX(b0, b2, b3, 18, 14);    \
	MIX_IN(c0, c2, c3, 18, 14); \
	MIX_IN(d0, d2, d3, 18, 14)

#define LOAD(word, w) VPBROADCASTD (4*word)(BX), w

#define ADD_START(word, w) \
	VPBROADCASTD (4*word)(BX), Y14; \
	VPADDD Y14, w, w

// The words 8 to 15 wait on the stack while the others are written.
#define STORE(word, w) VMOVDQU w, (32*(word-8))(SP)

// The octets at, and 64 further on for each block, are XORed with eight words.
#define XOR(w, at) \
	VPXOR at(SI), w, w; \
	VMOVDQU w, at(DI)

// Of eight words of eight blocks in Y0 to Y7 make eight blocks with eight words
// each, and use them.
#define WRITE(at) \
	VPUNPCKLDQ Y1, Y0, Y8;         \
	VPUNPCKHDQ Y1, Y0, Y9;         \
	VPUNPCKLDQ Y3, Y2, Y10;        \
	VPUNPCKHDQ Y3, Y2, Y11;        \
	VPUNPCKLDQ Y5, Y4, Y12;        \
	VPUNPCKHDQ Y5, Y4, Y13;        \
	VPUNPCKLDQ Y7, Y6, Y14;        \
	VPUNPCKHDQ Y7, Y6, Y15;        \
	VPUNPCKLQDQ Y10, Y8, Y0;       \
	VPUNPCKHQDQ Y10, Y8, Y1;       \
	VPUNPCKLQDQ Y11, Y9, Y2;       \
	VPUNPCKHQDQ Y11, Y9, Y3;       \
	VPUNPCKLQDQ Y14, Y12, Y4;      \
	VPUNPCKHQDQ Y14, Y12, Y5;      \
	VPUNPCKLQDQ Y15, Y13, Y6;      \
	VPUNPCKHQDQ Y15, Y13, Y7;      \
	VPERM2I128 $0x20, Y4, Y0, Y8;  \
	VPERM2I128 $0x20, Y5, Y1, Y9;  \
	VPERM2I128 $0x20, Y6, Y2, Y10; \
	VPERM2I128 $0x20, Y7, Y3, Y11; \
	VPERM2I128 $0x31, Y4, Y0, Y12; \
	VPERM2I128 $0x31, Y5, Y1, Y13; \
	VPERM2I128 $0x31, Y6, Y2, Y14; \
	VPERM2I128 $0x31, Y7, Y3, Y15; \
	XOR(Y8, (0*64+at));            \
	XOR(Y9, (1*64+at));            \
	XOR(Y10, (2*64+at));           \
	XOR(Y11, (3*64+at));           \
	XOR(Y12, (4*64+at));           \
	XOR(Y13, (5*64+at));           \
	XOR(Y14, (6*64+at));           \
	XOR(Y15, (7*64+at))

DATA lanes<>+0(SB)/4, $0
DATA lanes<>+4(SB)/4, $1
DATA lanes<>+8(SB)/4, $2
DATA lanes<>+12(SB)/4, $3
DATA lanes<>+16(SB)/4, $4
DATA lanes<>+20(SB)/4, $5
DATA lanes<>+24(SB)/4, $6
DATA lanes<>+28(SB)/4, $7
GLOBL lanes<>(SB), RODATA|NOPTR, $32

// func xorGroups(dst, src *byte, groups int, start *[16]uint32)
TEXT ·xorGroups(SB), 0, $256-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ groups+16(FP), CX
	MOVQ start+24(FP), BX

group:
	VPBROADCASTD 40(BX), Y14
	VMOVDQU      Y14, W10
	VPBROADCASTD 60(BX), Y14
	VMOVDQU      Y14, W15
	LOAD(0, W0)
	LOAD(1, W1)
	LOAD(2, W2)
	LOAD(3, W3)
	LOAD(4, W4)
	LOAD(5, W5)
	LOAD(6, W6)
	LOAD(7, W7)
	LOAD(8, W8)
	LOAD(9, W9)
	LOAD(11, W11)
	LOAD(12, W12)
	LOAD(13, W13)
	LOAD(14, W14)
	VPADDD lanes<>(SB), W8, W8
	MOVQ   $10, AX

rounds:
	ROUND(W0, W4, W8, W12, W5, W9, W13, W1, W10, W14, W2, W6, W15, W3, W7, W11)
	ROUND(W0, W1, W2, W3, W5, W6, W7, W4, W10, W11, W8, W9, W15, W12, W13, W14)
	DECQ AX
	JNZ  rounds

	VPADDD lanes<>(SB), W8, W8
	ADD_START(0, W0)
	ADD_START(1, W1)
	ADD_START(2, W2)
	ADD_START(3, W3)
	ADD_START(4, W4)
	ADD_START(5, W5)
	ADD_START(6, W6)
	ADD_START(7, W7)
	ADD_START(8, W8)
	ADD_START(9, W9)
	ADD_START(11, W11)
	ADD_START(12, W12)
	ADD_START(13, W13)
	ADD_START(14, W14)
	STORE(8, W8)
	STORE(9, W9)
	STORE(11, W11)
	STORE(12, W12)
	STORE(13, W13)
	STORE(14, W14)
	VPBROADCASTD 40(BX), Y14
	VPADDD       W10, Y14, Y14
	VMOVDQU      Y14, W10
	VPBROADCASTD 60(BX), Y14
	VPADDD       W15, Y14, Y14
	VMOVDQU      Y14, W15
	WRITE(0)
	VMOVDQU 0(SP), Y0
	VMOVDQU 32(SP), Y1
	VMOVDQU 64(SP), Y2
	VMOVDQU 96(SP), Y3
	VMOVDQU 128(SP), Y4
	VMOVDQU 160(SP), Y5
	VMOVDQU 192(SP), Y6
	VMOVDQU 224(SP), Y7
	WRITE(32)

	ADDL $8, 32(BX)
	ADDQ $512, SI
	ADDQ $512, DI
	DECQ CX
	JNZ  group
	VZEROUPPER
	RET

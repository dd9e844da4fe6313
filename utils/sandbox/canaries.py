"""Known good files: what tells a bad file from a bad moment. One for each decoder.

Small gradients, deflated, in base 85.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from utils.imaging.formats import Format

_PACKED = {
    Format.HEIC: (
        "c-muNV30{GsVvAy%}izhg51nBLl8SRGck>Ufw49>wIq=N0u(b+a*CjAhJwuG5(YG&l$nzcHpIn&fe{FSfN>#&1_F"
        "H`R?f`KO9S&jqM|@fDif5KQI>27V)7MamgK^f{LL&VDge@VGYgXQfpi&AnKL6ZNN56Bk=zG{KYxGxU|`^9P5|nVa"
        "A4$N{Qn=MfElEM8HD6^F*zgxCAFLw8PQ}GC^WK8d-Y`5&K(>X1`0qSW)Q)km;_YL=E8We_&_Jn65-_hoT9wsoC=^"
        "QF9TZxP)H=RxF8kkGY2TvNX|(Fxl94-crg9{|NjR-nh8b&u|Pp)MJ7liGY1C;kdnwO$b|(mFx*%hnV4ByfNb;Jlt"
        "fS<YilsBmuz_NQ*zu(Q@e9ZqT<IlW;LgC-8U5Pxy8cuX1eX&B*g>jFWaVt-r)fNMcrWg"
    ),
    Format.AVIF: (
        "c-muNU{FXasVqn=%S>Yc0uY^>nP!-qnV9D5Xy^nKdYzkElE?r7iWw<6MNl?FL1uCZ0~+8f$SlbPvlxL`E;A=T8N_"
        "h`@fjhajKV<L6o@r4GxO5mYNddjR3<1dvCP2GIX@>KY*$uhK~Vva_RcIw&Ii&WnZ*UEQ2P|1SfC)YA`>LQ%)!9{q"
        "<9j`44oSpctAqJ$@w`&dC55yK$CeH*cyOB;+X}xFh2nu#=^+d%mQTE=B6Z;2r+PRN(kD2>)^;RQ7}@Iac^(Ed)e3"
        "I&`}14Zms7xKd)CYTh#x5#`7x4(<19O*L}Dp|I=jx0EDeW#s"
    ),
    Format.JXL: (
        "c-jG^09*h63P%P26Nmx;WCFFHAOHXrDx-`WyqxR#@<WHkw2kWwZMAJ-31hRpFi4nzVqww5sBQy27#=P>C>RWT7%2"
        "E)llxYtjCZyJFLyjn|3?D>A#-U@P<Y~cn_@ep@YV}|%&MYo5Kw&w<F15#;c}^v0x7Utkz|aKj8T!~lNJE@5moRv&"
        "Kl^v_7VvS9<$%bYldx}&Nud3l@FZd&|ky_59SFL2}q3"
    ),
    Format.JPEG_2000: (
        "c-muNVBpCLP*C9IYUg5LU=T?wsVvAUFj4@r8KAT-kj?<oVwo8!ML=2sjG5WlL24NIlk;<m7{N>dAU+CIoc!Pae"
        ";|WCSWE$mVE~oS%+AONLH~mocz^<o46H0H3=IEc7?hpL70NyU;emXHe1^OS=>b5P5x@$B?%|h#FzJ5^gDL}~b5"
        "UwyNotBhQl)}_L28~?fUCPgS!z*nW`3T6k)ElZ$^QuqTwu%e7#ROgZfIyY{DX;sA!^|tprfM>Kj7e;+JFT9-vj"
        "`o4nWc"
    ),
    Format.TIFF: (
        "c-r&y)MA*!z`)SJ?6`Dc49`qvGlz>4OjCGgGnXDXxM+t;z)TS{SHX#{DS@*^N{=!wIiWIPriz)T;3U_SiL+HoPck"
        "k$p>koSiJ7n9WY?67vrS6RGOjqGDlpT<EKqQYYpUREm(q)jt4^o}%nUIL6`bmt8aO+o^eW?;8>$m#rkF(vPIFD2I"
        "6I~ECgZvtsuyOKn8gZCcTK%GyQK84f&v!<10yp7BhYmmK+K55W&*OAfwUA*fEg;z3dC$sHWLsFGP1zci$cXgdc=^"
        "-5r?Xo0>m;<aS&zz%Yz^Q;t4-D"
    ),
    Format.BMP: (
        "c-l3{p>ab23<Ob|g(x^BWafAZFqRwG8m<(Tq9P1JRf)K9{`fmP^T^)r&&%1*;rsCMcD;PP{^RibdHRnHR&26ni*0"
        "t;Wr7itjG1DZ8D{CAMJH{#=%$BWDkxD&nJTKOp%w=gPHbGb@!%zc6q%&SBAXm?Q6Qm2Mui#;S|SJ$Nth_2i6Qn6B"
        "a~S2"
    ),
    Format.GIF: (
        "c-j@uJxYT?5P;#$7YG3zP!JWXh#-NHv<fx`#2*~2<*f|1TUn)(2pW+oJwU+5Vh&)b2Uze3DTTGMvs9lOJjbU;d%L"
        "4<>ZZGtYNb?ap%kJLg&LF~0<YwX7jnUa99TswR?vb}q+o#t5>%%+HB&O-M8=)$cqV7eQO7cx5l1rBC`K4nDM~0+C"
        "_)HsWW$xLxR3=i)DXiIRYWmC1rc`ApZ`nho~4_g&(U+o*9POSkKxtP!m3`+UpKezA6NS4Prc>la4H+-OW*J9>Eim"
        "};$=Q--L^aZlZUs<;iT1UAB<<c)+D8-N&CM#l5kD"
    ),
    Format.DNG: (
        "c-p0vKd9YQ9LIn6oOj~M<2=$fJ|j)UXGESUH3TUkgJ7Ugd6{Y)0uI6pJSY^YXrWsv9lEukpsSOPS-ZIicgf(C#XU"
        "=KbTEt0-}mGeZe4SKd|!Sq_a>kG{^soL25BOCoBpK(+R*N^S^N{Yd%oC6>tA8Xoew!X|NSRK-bT<N`zfEe!u}Ea1"
        "^ZWb_xX+gT-&?$c+Y=pj}`2EJYKZ-o99m@2|Nqii>DiYYWtAl+II2zGV)*fe8HPrK>_=B*uTDA?t>e=v-2-MC3<g"
        "rNG|(d@re(&iX{8Lvj64oH^;lQ+`aeU;e+okF7DG8_s+k$IJtfP^~Ja6d*@GHKmXHX&cP|s-@jj8;`r>Z<#_t%a="
        "df4eE;)iIesLTqyA_4zDkz=U&a1^Aqh2WWDT5_RFRk+5~WMR7!s{VqVh@f0f{Lh(ZwXfghZZ^Pz8xo(dab-9X7HC"
        "Su?+8e$D)v`8D%v=GV-xnO`%%W`525n)$W(p6{_nWXYqoL5|EHnLjdrWd6wfk@+L@N9K>rADKTge`NkBK9`MNBeG"
        "G0JV;oo201%}EZspGGsxB(WaSUC4+c3!gY4o#hRGoFY>=uL<imqTuMyddBWjRS1)H5zm2RqxNmc8ms`69S2dSE(R"
        "CRHx!X#CBmMT@G>cDCA8j-CwGLEQ0o*h`}&W<s&(|WU0`Lojpvol4r)5WtBCbN@gv!jaHIns?@BeI=_Y9r%_8syT"
        "28B@BgSGtv7x_wZ(Q&hTLT)JUWx_MT*swmwb4;#HkWV;-lhH4|@h#F*LKdom><r~un#!QhhU2II47?WqlsKS_Ejv"
        "Bp2WG4(=j!r|hk#R%~a_hk=zxDc{^`@xxy14bir1kQw^;FS%x34yOjmS<nCJbGUPD8bkaYPMr<-_`*@~5csySVbh"
        "r1JBu@>Nm!kB%F?Mr1b&rW+H6E=Q-K+Q>Mf2DuMlQ`84t+y`OO2YJ>9s_28yt~Yv($Zj=k7ECuL3|)>+L$#4{L=E"
        "y3!Mb>g!eol_Y>HGdMK9lN^cs=fsMu=QESPRg7`hythH4|@h#KTBhJ{HN=UEr4qKp6dpwVkYcAI0PVyj`ZV7f73="
        "yG%#s*Q{zYLLSOmS<t2iZJ=%W~0}L?3)DJ92*r|4VwkijR`}Sqtj4rWE@e0oM$jq<k=gy8ofqj-(q-^V4Gv3Vyj`"
        "ZV7f73=yG%#s*Q{zYLHa{`}mVauhD;c*$gB"
    ),
}


@contextmanager
def canary_file(known: Format, *, as_descriptor: bool) -> Iterator[bytes | int]:
    """Its bytes, or a descriptor of them."""
    data = canary_of(known)
    if not as_descriptor:
        yield data
        return
    with os.fdopen(os.memfd_create("canary"), "wb", buffering=0) as file:
        file.write(data)
        yield file.fileno()


@cache
def canary_of(known: Format) -> bytes:
    """For the decoder that files of that format go to; all RAW formats have one."""
    return zlib.decompress(base64.b85decode(_PACKED[Format.DNG if known.is_raw else known]))

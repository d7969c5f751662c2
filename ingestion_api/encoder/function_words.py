"""Function words, which carry no meaning of their own, by script and language."""
# ruff: noqa: RUF001 - letters of other scripts are no misprints of Latin ones

LATIN = {
    "english": "a an and are as at be but by for if in into is it no not of on or such that the their then "
    "there these they this to was will with",
    "german": "der die das und ist nicht ein eine einen einem einer zu den dem des mit von für auf im sich "
    "auch es wird werden sind bei nach aus wie dass oder ich wir",
    "french": "le la les des et est un une du dans que qui pour pas sur par au aux avec ce cette sont il "
    "elle nous vous ne se",
    "spanish": "el la los las de y es un una en que por para con no se del al lo como más pero sus su este "
    "esta",
    "italian": "il lo la gli le di e è un una che per non con del della dei delle nel nella sono si da al "
    "alla come",
    "portuguese": "o a os as de e é um uma em que para com não do da dos das no na nos nas por se ao mais "
    "como são",
    "dutch": "de het een en is van niet dat die in op te met voor zijn aan er ook als bij maar om uit "
    "wordt naar",
    "danish": "og er det en et ikke at af til på som med for den der de har jeg vi kan fra blev hvad",
    "swedish": "och är det en ett inte att av till på som med för den de har jag vi kan från om var",
    "norwegian": "og er det en et ikke å av til på som med for den de har jeg vi kan fra ble hva",
    "finnish": "ja on ei se että oli ovat mutta tai kun niin joka myös hän ne sen ole mukaan",
    "hungarian": "a az és nem hogy egy is ez azt van volt vagy de meg csak ha mint minden már",
    "turkish": "ve bir bu için ile de da çok olarak daha gibi ne değil olan kadar ama en var",
    "polish": "i w nie na się z do jest że to o jak za po od ale przez oraz są dla czy tym",
    "czech": "a v se na je že to s z do o i jako za by ale pro jsou po ve nebo při od",
    "romanian": "și în de la cu nu este un o pe care din să mai ca sunt pentru că sau al ale",
    "catalan": "el la els les de i és un una en que per amb no del dels al als més com però aquest",
    "indonesian": "yang dan di ini itu dari dengan untuk tidak dalam adalah ke pada akan juga atau oleh",
}
CYRILLIC = {
    "russian": "и в не на что я с он как это по но из у за от так же для а то все она",
    "ukrainian": "і в не на що я з він як це по але у за від так для та до й є її",
    "bulgarian": "и в не на че аз с той като това по но от за за да се е са ще",
    "serbian": "и у не на да је се са од за као што али по он то су из",
}
ARABIC = {
    "arabic": "في من على إلى أن هذا هذه التي الذي ما لا عن مع كان هو هي ثم أو",
    "persian": "در به از که این را با است برای آن یک خود تا بر شد می بود هم",
}

// What styles that scripts add must carry: the server makes one for each page.
export const styleNonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? ''

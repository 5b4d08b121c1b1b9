// "Copy" buttons: put the text of the field beside them on the clipboard and say so.
document.querySelectorAll("[data-copy]").forEach((button) => {
  button.addEventListener("click", async () => {
    const field = button.parentElement.querySelector("[data-copy-source]");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // without TLS browsers give pages no clipboard
    }
    button.textContent = button.dataset.done;
  });
});

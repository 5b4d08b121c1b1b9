// On a phone the menu is one row to push sideways: show the entry of this page without pushing.
document.querySelector(".y-menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
